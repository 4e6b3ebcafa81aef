"use strict";
(() => {
  if (matchMedia("(max-width: 40rem)").matches) document.querySelector(".toc").open = false;
  const form = document.getElementById("filters");
  const samples = [...document.querySelectorAll(".sample")];
  const apply = () => {
    const chosen = new FormData(form);
    const words = (chosen.get("words") || "").toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const sample of samples) {
      const text = words.length ? sample.textContent.toLowerCase() : "";
      const fits = (!chosen.get("category") || sample.dataset.category === chosen.get("category")) &&
        (!chosen.get("type") || sample.dataset.type === chosen.get("type")) && words.every((word) => text.includes(word));
      sample.hidden = !fits;
      if (fits) shown += 1; else sample.querySelectorAll("video").forEach((video) => video.pause());
    }
    document.getElementById("shown").value = `${shown} of ${samples.length} queries`;
  };
  // A browser holds some dozens of players at a time: only clips in sight show their first frame.
  const sight = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) target.preload = "metadata";
      else if (target.paused && target.preload !== "none") {
        target.preload = "none";
        target.load();
      }
    }
  }, { rootMargin: "300px" });
  document.querySelectorAll("video").forEach((video) => sight.observe(video));
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  apply();
})();
