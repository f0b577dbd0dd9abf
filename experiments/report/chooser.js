"use strict";
// Shows the distributions of any cell. Every text is set as text, never as markup.
(() => {
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((part) => (part.open = true)));
  const data = JSON.parse(document.getElementById("cells").textContent);
  const chooser = document.getElementById("chooser");
  if (!chooser) return;
  const [country, question] = ["country", "question"].map((name) => document.getElementById(`choose-${name}`));
  const [said, bars] = ["said", "bars"].map((name) => document.getElementById(`cell-${name}`));

  const make = (tag, text, style) => {
    const node = document.createElement(tag);
    if (text) node.textContent = text;
    Object.assign(node.style, style || {});
    return node;
  };
  const rows = [["people", "var(--ink)"], ...data.methods];

  for (const [code, name] of data.countries) country.add(new Option(name, code));
  for (const [code, text] of data.questions) question.add(new Option(text ? `${code} · ${text}` : code, code));
  if (data.begin) [country.value, question.value] = data.begin;

  const show = () => {
    const lists = (data.cells[country.value] || {})[question.value];
    const options = data.questions.find(([code]) => code === question.value)[2];
    bars.replaceChildren();
    said.textContent = lists ? "" : "People were not asked this here.";
    if (!lists) return;
    const absent = rows.filter((row, place) => !lists[place]).map(([name]) => name);
    if (absent.length) said.textContent = `Not estimated: ${absent.join(", ")}.`;
    const top = Math.max(...lists.filter(Boolean).flat());
    options.forEach((option, k) => {
      const item = make("li", option);
      rows.forEach(([name, colour], place) => {
        if (!lists[place]) return;
        const share = lists[place][k];
        const bar = make("div");
        bar.className = "bar";
        bar.append(make("span", name));
        bar.append(make("i", "", { width: `${(100 * share) / top}%`, background: colour }));
        bar.append(make("b", `${(share / 10).toFixed(1)} %`));
        item.append(bar);
      });
      bars.append(item);
    });
  };
  country.addEventListener("change", show);
  question.addEventListener("change", show);
  chooser.hidden = false;
  show();
})();
