"use strict";
const main = document.querySelector("main"), live = document.getElementById("live");
let read = Date.now();
const two = n => String(n).padStart(2, "0");
const age = ms => {
  const s = Math.floor(ms / 1000), d = Math.floor(s / 86400);
  if (d >= 7) return Math.floor(d / 7) + "w" + d % 7 + "d";
  if (d > 0) return d + "d" + two(Math.floor(s / 3600) % 24) + "h";
  return two(Math.floor(s / 3600)) + ":" + two(Math.floor(s / 60) % 60) + ":" + two(s % 60);
};
const run = () => {
  const gone = Date.now() - read;
  for (const e of main.querySelectorAll("[data-since]")) e.textContent = age(Number(e.dataset.since) + gone);
  for (const e of main.querySelectorAll("[data-left]")) e.textContent = (Math.max(0, Number(e.dataset.left) - gone) / 1000).toFixed(1) + "s";
};
// Where the picture is wider than the screen, the present is what is looked at first.
const show = at => {
  const picture = main.querySelector(".picture");
  if (picture) picture.scrollLeft = at || picture.scrollWidth;
};
show(0);
const source = new EventSource("live");
source.onmessage = e => {
  const old = main.querySelector(".picture"), at = old ? old.scrollLeft : 0;
  main.innerHTML = e.data;
  read = Date.now();
  show(at);
  live.textContent = "live";
  live.className = "";
};
source.onerror = () => {
  live.textContent = "not live: the router does not answer since " + new Date().toLocaleTimeString() + "; what is shown is older";
  live.className = "lost";
};
setInterval(run, 500);
