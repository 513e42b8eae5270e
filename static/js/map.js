// Draws <c-map>: outlines and points that are links, over paper or the operator's tiles.
import "../vendor/leaflet/leaflet.js";

const { L } = window;
const css = getComputedStyle(document.documentElement);
const color = (name) => css.getPropertyValue(`--color-${name}`).trim();
const outline = { color: color("pine-700"), weight: 1.5, fillColor: color("pine-200"), fillOpacity: 0.75 };
const mine = { ...outline, fillColor: color("marigold-400") };
const lifted = { weight: 3, fillColor: color("marigold-200"), fillOpacity: 1 };

// Leaflet takes a string for HTML; a name is text.
function text(words) {
  const element = document.createElement("span");
  element.textContent = words;
  return element;
}

function follow(layer, { name, url }) {
  if (name) layer.bindTooltip(text(name), { sticky: true });
  if (url) layer.on("click", () => window.location.assign(url));
}

function styleFor(box, url) {
  return url && url === box.dataset.mine ? mine : outline;
}

function drawShapes(box, shapes) {
  return L.geoJSON(shapes, {
    style: (feature) => styleFor(box, feature.properties.url),
    onEachFeature: (feature, layer) => follow(layer, feature.properties),
  });
}

function drawPoints(points) {
  return points.map((point) => {
    const dot = L.circleMarker([point.latitude, point.longitude], {
      radius: 8,
      color: color("ink"),
      weight: 2,
      fillColor: color("marigold-400"),
      fillOpacity: 1,
    });
    follow(dot, point);
    return dot;
  });
}

// Pointing at a link of the list, or reaching it by keyboard, lifts its outline on the map.
function tieToList(box, layer) {
  const byUrl = new Map(layer.getLayers().map((shape) => [shape.feature.properties.url, shape]));
  const restyle = (event, style) => {
    const url = event.target.closest("a[href]")?.getAttribute("href");
    byUrl.get(url)?.setStyle(style ?? styleFor(box, url));
  };
  for (const name of ["focusin", "mouseover"]) {
    box.addEventListener(name, (event) => restyle(event, lifted));
  }
  for (const name of ["focusout", "mouseout"]) {
    box.addEventListener(name, (event) => restyle(event));
  }
}

function draw(box) {
  const canvas = box.querySelector("[data-map-canvas]");
  const [shapes, points, tiles] = [...box.querySelectorAll('script[type="application/json"]')].map(
    (data) => JSON.parse(data.textContent),
  );
  if (!shapes.features.length && !points.length) return;
  canvas.hidden = false;
  const map = L.map(canvas, {
    scrollWheelZoom: false,
    attributionControl: Boolean(tiles.url),
    // Tiles are drawn for whole steps; outlines fill the box at any.
    zoomSnap: tiles.url ? 1 : 0.05,
  });
  map.zoomControl.setPosition("bottomright");
  if (tiles.url) L.tileLayer(tiles.url, { attribution: tiles.credit }).addTo(map);
  const layer = drawShapes(box, shapes);
  const dots = drawPoints(points);
  const bounds = layer.getBounds();
  for (const dot of dots) bounds.extend(dot.getLatLng());
  map.fitBounds(bounds, { padding: [12, 12], maxZoom: 16 });
  for (const drawn of [layer, ...dots]) drawn.addTo(map);
  tieToList(box, layer);
  box.dispatchEvent(new CustomEvent("map:drawn", { bubbles: true, detail: map }));
}

for (const box of document.querySelectorAll("[data-map]")) draw(box);
