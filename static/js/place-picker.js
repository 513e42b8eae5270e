// On a form with a map: a click on the map fills in the point and the neighborhood it is in.
const PRECISE = 6; // decimals of a degree: about ten centimetres

function show(map, field, mark) {
  const latitude = parseFloat(field("latitude").value);
  const longitude = parseFloat(field("longitude").value);
  if (Number.isFinite(latitude) && Number.isFinite(longitude)) mark.setLatLng([latitude, longitude]).addTo(map);
  else mark.remove();
}

function start(picker, map) {
  const { L } = window;
  const field = (name) => picker.querySelector(`[name="${name}"]`);
  const ink = getComputedStyle(document.documentElement).getPropertyValue("--color-ink").trim();
  const mark = L.circleMarker([0, 0], { radius: 9, color: ink, weight: 3, fillOpacity: 0.9, interactive: false });
  for (const name of ["latitude", "longitude"]) {
    field(name).addEventListener("change", () => show(map, field, mark));
  }
  map.eachLayer((layer) => {
    const slug = layer.feature?.properties.slug;
    if (slug) layer.on("click", () => { field("neighborhood").value = slug; });
  });
  map.on("click", ({ latlng }) => {
    field("latitude").value = latlng.lat.toFixed(PRECISE);
    field("longitude").value = latlng.lng.toFixed(PRECISE);
    show(map, field, mark);
  });
  show(map, field, mark);
}

// Runs before map.js, which says when a map is there.
document.addEventListener("map:drawn", (event) => {
  const picker = event.target.closest("[data-place-picker]");
  if (picker) start(picker, event.detail);
});
