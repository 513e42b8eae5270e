// Lines of a file with columns, each as its fields.
export function rows(text, columns) {
  if (text === undefined) throw new Error("a file is missing");
  const [head, ...lines] = text.split("\n");
  if (head !== columns) throw new Error(`The columns are not ${columns}.`);
  return lines.filter(Boolean).map((line) => line.split(","));
}
