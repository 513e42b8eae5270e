// On a form with a map: a click on the map, or a button, sets the point and the neighborhood it is in.
const PRECISE = 6; // decimals of a degree: about ten centimetres

// Whether a point is within a ring, by how often a line to its east crosses the ring (even-odd rule).
function within(ring, { lat, lng }) {
  let inside = false;
  for (let at = 0, before = ring.length - 1; at < ring.length; before = at, at += 1) {
    const [east, north] = ring[at];
    const [eastBefore, northBefore] = ring[before];
    const isCrossed = north > lat !== northBefore > lat;
    if (isCrossed && lng < ((eastBefore - east) * (lat - north)) / (northBefore - north) + east) inside = !inside;
  }
  return inside;
}

function covers({ geometry }, point) {
  const parts = geometry.type === "MultiPolygon" ? geometry.coordinates : [geometry.coordinates];
  return parts.some(([outer, ...holes]) => within(outer, point) && !holes.some((hole) => within(hole, point)));
}

function start(picker, map) {
  const { L } = window;
  const field = (name) => picker.querySelector(`[name="${name}"]`);
  const said = picker.querySelector("[data-place-said]");
  const away = picker.querySelector("[data-place-away]");
  const ink = getComputedStyle(document.documentElement).getPropertyValue("--color-ink").trim();
  const mark = L.circleMarker([0, 0], { radius: 9, color: ink, weight: 3, fillOpacity: 0.9, interactive: false });
  const places = [];
  map.eachLayer((layer) => {
    if (layer.feature?.properties.slug) places.push(layer.feature);
  });

  function words(place) {
    if (place) return said.dataset.setIn.replace("PLACE", place.properties.name);
    return places.length ? said.dataset.outside : said.dataset.set;
  }

  function show() {
    const lat = parseFloat(field("latitude").value);
    const lng = parseFloat(field("longitude").value);
    const isSet = Number.isFinite(lat) && Number.isFinite(lng);
    if (isSet) mark.setLatLng([lat, lng]).addTo(map);
    else mark.remove();
    away.hidden = !isSet;
    const place = isSet && places.find((each) => covers(each, { lat, lng }));
    said.textContent = isSet ? words(place) : said.dataset.none;
    return place;
  }

  function set(latitude, longitude) {
    field("latitude").value = latitude;
    field("longitude").value = longitude;
    const place = show();
    const choice = field("neighborhood");
    if (choice && place) choice.value = place.properties.slug;
    field("latitude").dispatchEvent(new Event("change", { bubbles: true }));
  }

  const at = ({ lat, lng }) => set(lat.toFixed(PRECISE), lng.toFixed(PRECISE));
  map.on("click", ({ latlng }) => at(latlng));
  picker.querySelector("[data-place-middle]").addEventListener("click", () => at(map.getCenter()));
  away.addEventListener("click", () => {
    set("", "");
    picker.querySelector("[data-place-middle]").focus();
  });
  picker.querySelector("[data-place-tools]").hidden = false;
  // The buttons do what the box does for pages without scripts.
  const check = picker.querySelector("[data-place-check]");
  if (check) {
    if (check.querySelector("input").checked) set("", "");
    check.remove();
  }
  show();
}

// Runs before map.js, which says when a map is there.
document.addEventListener("map:drawn", (event) => {
  const picker = event.target.closest("[data-place-picker]");
  if (picker) start(picker, event.detail);
});
