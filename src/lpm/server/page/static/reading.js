// Question × slot: how much of its attention each question of this chat gave to each slot.
import { Busy, Trouble, Unknown, useTask } from "./parts.js";
import { html, useEffect, useState } from "./html.js";
import { SlotCard, useMemoryView } from "./slots.js";
import { count, percent } from "./format.js";

export function Reading({ api, user, summary, turns, setTurns }) {
  const task = useTask();
  const { view, error } = useMemoryView(api, user, summary);
  const [chosen, setChosen] = useState(null);
  const stale = summary ? turns.filter((turn) => turn.version !== summary.version) : [];
  useEffect(() => {
    if (!stale.length) return undefined;
    let over = false;
    task.run("Looking at what the questions read …", async () => {
      for (const turn of stale) {
        if (over) return;
        const read = await api.explain(user, turn.text);
        setTurns((now) =>
          now.map((one) => (one.id === turn.id ? { ...one, read, version: summary.version } : one)),
        );
      }
    });
    return () => {
      over = true;
    };
  }, [turns.length, summary?.version]);
  if (!summary) return html`<${Unknown} user=${user} />`;
  const rows = turns.filter((turn) => turn.read && turn.version === summary.version);
  const columns = summary.num_slots;
  const top = rows.length ? rows.at(-1).read.slots[0].slot : 0;
  const slot = view?.slots[chosen ?? top];
  return html`
    <h1>What each question read</h1>
    <p class="lead">
      Each row is a question of this chat, each column one of ${count(columns, "slot")}; the stronger
      the colour, the more of its attention the question gave to that slot.
    </p>
    <${Busy} text=${task.busy} />
    <${Trouble} text=${task.error || error} />
    ${!turns.length &&
    html`<div class="empty">
      <h2>No question was asked yet</h2>
      <p><a class="button" href="#chat">Ask one</a></p>
    </div>`}
    ${!!rows.length &&
    html`<${HeatMap} rows=${rows} columns=${columns} chosen=${chosen ?? top} onChoose=${setChosen} />
      ${slot && html`<${SlotCard} slot=${slot} view=${view} readBy=${readers(rows, slot.slot)} />`}
      <${Numbers} rows=${rows} />`}
  `;
}

function HeatMap({ rows, columns, chosen, onChoose }) {
  const untold = rows.some((turn) => turn.read.untold >= 0.005);
  const numbers = Array.from({ length: columns }, (_, slot) => slot);
  return html`<div class="scroll" role="region" aria-label="Heat map" tabindex="0">
    <table class="heat">
      <caption class="visually-hidden">
        Share of attention that each question gave to each slot, in per cent
      </caption>
      <thead>
        <tr>
          <th scope="col">Question</th>
          ${numbers.map(
            (slot) => html`<th key=${slot} scope="col">
              <button type="button" aria-pressed=${slot === chosen} aria-label=${`Slot ${slot}`}
                onClick=${() => onChoose(slot)}>${slot}</button>
            </th>`,
          )}
          ${untold && html`<th scope="col" class="untold">Not told</th>`}
        </tr>
      </thead>
      <tbody>
        ${rows.map((turn) => html`<tr key=${turn.id}>
          <th scope="row">${turn.text}</th>
          ${weights(turn, columns).map((weight, slot) => html`<${Cell} key=${slot} weight=${weight}
            chosen=${slot === chosen} onChoose=${() => onChoose(slot)} />`)}
          ${untold && html`<td class="untold">${percent(turn.read.untold)}</td>`}
        </tr>`)}
      </tbody>
    </table>
  </div>
  <p class="scale dim" aria-hidden="true">0 % <span></span> 100 % of a question's attention</p>`;
}

function Cell({ weight, chosen, onChoose }) {
  const classes = `${weight >= 0.45 ? "strong" : ""} ${chosen ? "chosen" : ""}`;
  // The root brings small shares out; the number says what they are.
  return html`<td class=${classes} style=${{ "--weight": `${100 * Math.sqrt(weight)}%` }}
    title=${percent(weight)} onClick=${onChoose}>
    <span class=${weight >= 0.05 ? "" : "visually-hidden"}>${Math.round(100 * weight)}</span>
  </td>`;
}

function Numbers({ rows }) {
  return html`<details class="numbers">
    <summary>The same as numbers</summary>
    <div class="scroll" role="region" aria-label="Numbers" tabindex="0">
      <table class="plain">
        <thead>
          <tr><th scope="col">Question</th><th scope="col">Slot</th><th scope="col">Share</th><th scope="col">Taught by</th></tr>
        </thead>
        <tbody>
          ${rows.flatMap((turn) =>
            turn.read.slots.filter((use) => use.weight >= 0.01).map((use) => html`<tr key=${`${turn.id} ${use.slot}`}>
              <td>${turn.text}</td><td>${use.slot}</td><td>${percent(use.weight)}</td>
              <td>${use.sources.map((one) => `${one.session_id}, turn ${one.turn + 1}`).join("; ")}</td>
            </tr>`),
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}

function weights(turn, columns) {
  const row = new Array(columns).fill(0);
  for (const use of turn.read.slots) row[use.slot] = use.weight;
  return row;
}

function readers(rows, slot) {
  return rows
    .map((turn) => ({ text: turn.text, weight: turn.read.slots.find((use) => use.slot === slot)?.weight ?? 0 }))
    .filter((one) => one.weight >= 0.05);
}
