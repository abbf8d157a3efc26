// A pointer, or the arrow keys, show the row of a chart's table at that place.
'use strict';
for (const area of document.querySelectorAll('.plot .area')) {
  const figure = area.closest('figure');
  const heads = [...figure.querySelectorAll('.twin th')].map(head => head.textContent);
  const rows = [...figure.querySelectorAll('.twin tbody tr')];
  const places = rows.map(row => Number(row.dataset.x));
  if (!rows.length) continue;
  const line = document.createElement('span');
  const tip = document.createElement('div');
  line.className = 'cursor';
  tip.className = 'tip';
  tip.setAttribute('role', 'status');
  line.hidden = tip.hidden = true;
  area.append(line, tip);
  let shown = -1;
  const show = index => {
    shown = index;
    line.hidden = tip.hidden = false;
    line.style.left = places[index] + '%';
    tip.replaceChildren(...[...rows[index].cells].map((cell, column) => {
      const part = document.createElement('div');
      const name = document.createElement('span');
      const value = document.createElement('b');
      name.textContent = heads[column];
      value.textContent = cell.textContent;
      part.append(name, value);
      return part;
    }));
    tip.style.left = places[index] > 50 ? 'auto' : 'calc(' + places[index] + '% + 8px)';
    tip.style.right = places[index] > 50 ? 'calc(' + (100 - places[index]) + '% + 8px)' : 'auto';
  };
  const hide = () => { line.hidden = tip.hidden = true; };
  area.addEventListener('pointermove', event => {
    const box = area.getBoundingClientRect();
    const at = (event.clientX - box.left) / box.width * 100;
    let best = 0;
    places.forEach((place, index) => {
      if (Math.abs(place - at) < Math.abs(places[best] - at)) best = index;
    });
    if (best !== shown || tip.hidden) show(best);
  });
  area.addEventListener('pointerleave', hide);
  area.addEventListener('blur', hide);
  area.addEventListener('keydown', event => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    show(Math.min(Math.max(shown + step, 0), rows.length - 1));
  });
}
