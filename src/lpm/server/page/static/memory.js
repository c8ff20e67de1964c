// The memory as it is now: its facts, every slot, and the file to take along.
import { Busy, Facts, Trouble, Unknown, saveAs, useTask } from "./parts.js";
import { Sources, Words, useMemoryView } from "./slots.js";
import { bytes, count, moment } from "./format.js";
import { html, useState } from "./html.js";

export function MemoryView({ api, user, summary, refresh }) {
  const task = useTask();
  const { view, error } = useMemoryView(api, user, summary);
  const [told, setTold] = useState(null);
  const [sought, setSought] = useState("");
  if (!summary) return html`<${Unknown} user=${user} />`;
  const tell = async () => {
    const found = await task.run("The model reads each slot alone …", () => api.show(user, true));
    if (!found) return;
    setTold(found);
    // Where somebody else has written a newer version, `view` follows to it.
    await refresh();
  };
  const save = () =>
    task.run("Exporting …", async () => saveAs(`${user}.lpm`, await api.memoryFile(user)));
  const words = view && told?.summary.version === view.summary.version ? told.slots : null;
  const shown = view ? view.slots.filter((slot) => holds(slot, view.sessions, sought)) : [];
  return html`
    <h1>What is remembered of ${user}</h1>
    <p class="lead">
      Each slot holds what one turn, or a few, taught it. The words are those that it is read as;
      salience is the writer's score: above 0 it was worth keeping.
    </p>
    <${Facts} label="Memory" of=${[
      ["Version", summary.version],
      ["Slots", summary.num_slots],
      ["Sessions", summary.num_sessions],
      ["Size", bytes(summary.size_bytes)],
      ["Begun", moment(summary.created_at)],
      ["Changed", moment(summary.updated_at)],
    ]} />
    <p class="actions">
      <button type="button" class="primary" onClick=${save} disabled=${!!task.busy}>Export the memory file</button>
      <button type="button" class="quiet" onClick=${tell} disabled=${!!task.busy}>
        Let the model put each slot into words
      </button>
    </p>
    <${Busy} text=${task.busy} />
    <${Trouble} text=${task.error || error} />
    ${view &&
    html`<label class="field find">
        <span>Find in slots</span>
        <input type="search" value=${sought} onInput=${(event) => setSought(event.target.value)} />
      </label>
      <p class="dim" role="status">${sought && count(shown.length, "slot")}</p>
      <table class="plain slots">
        <caption class="visually-hidden">Slots</caption>
        <thead>
          <tr>
            <th scope="col">Slot</th><th scope="col">Knows</th><th scope="col">Taught by</th>
            <th scope="col">Salience</th>
          </tr>
        </thead>
        <tbody>
          ${shown.map((slot) => html`<tr key=${slot.slot}>
            <th scope="row"><span class="number">${slot.slot}</span></th>
            <td>
              <${Words} slot=${slot} />
              ${words && html`<p class="told">“${words[slot.slot].told || "…"}”</p>`}
            </td>
            <td><${Sources} slot=${slot} sessions=${view.sessions} /></td>
            <td class="salience"><span class="label">Salience</span> ${slot.salience.toFixed(1)}</td>
          </tr>`)}
        </tbody>
      </table>
      <details class="numbers">
        <summary>What wrote it</summary>
        <${Facts} label="Fingerprints" of=${[["Backbone", view.backbone], ["Projector", view.projector]]} />
      </details>`}
  `;
}

function holds(slot, sessions, sought) {
  const taught = slot.sources.flatMap((source) => {
    const session = sessions.find((one) => one.session_id === source.session_id);
    return [source.session_id, session?.turns?.[source.turn]?.content ?? ""];
  });
  const text = [...slot.nearest_words, ...taught].join(" ").toLowerCase();
  return text.includes(sought.trim().toLowerCase());
}
