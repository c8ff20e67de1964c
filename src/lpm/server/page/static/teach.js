// Teach the memory: a history file, or a sentence that corrects it. Both can be tried first.
import { Busy, Facts, Trouble, inSight, useTask } from "./parts.js";
import { bytes, count, nameAt, seconds } from "./format.js";
import { html, useRef, useState } from "./html.js";

const KEPT = [
  ["full", "its text (needed to forget a topic)"],
  ["hashes", "its fingerprint alone"],
  ["none", "nothing"],
];

export function Teach(props) {
  const { api, user, server, refresh } = props;
  const task = useTask();
  const [file, setFile] = useState(null);
  const [correction, setCorrection] = useState("");
  const [keep, setKeep] = useState("full");
  const [result, setResult] = useState(null);
  const control = useRef(null);

  const learn = async (work, dryRun, onLearnt) => {
    setResult(null);
    control.current = new AbortController();
    const label = dryRun ? "Trying it …" : "Learning …";
    const report = await task.run(label, () => work(dryRun, control.current.signal));
    if (!report) return;
    setResult(report);
    if (!dryRun) {
      onLearnt();
      await refresh();
    }
  };
  const fromFile = (dryRun) =>
    learn(
      (dry_run, signal) => api.rememberFile(user, file, { dry_run, keep_history: keep }, signal),
      dryRun,
      () => setFile(null),
    );
  const fromText = (dryRun) => {
    const time = new Date().toISOString();
    const session = {
      session_id: nameAt("told", time),
      time,
      messages: [{ role: "user", content: correction.trim() }],
    };
    return learn(
      (dry_run) => api.remember(user, [session], { dry_run, keep_history: keep }),
      dryRun,
      () => setCorrection(""),
    );
  };
  const take = (files) => {
    setResult(null);
    task.fail("");
    if (files.length > 1) return task.fail("One history file at a time; choose one.");
    if (files[0].size > server.max_body_bytes) {
      const most = bytes(server.max_body_bytes);
      return task.fail(`The file has ${bytes(files[0].size)}, but this server takes ${most} at once; split it.`);
    }
    return setFile(files[0]);
  };
  return html`
    <h1>Teach the memory of ${user}</h1>
    <div class="two">
      <section class="card">
        <h2>Learn a history file</h2>
        <${DropZone} file=${file} onFiles=${take} busy=${!!task.busy} />
        <${Try} disabled=${!file || !!task.busy} what="the file" action="Learn the file" onTry=${fromFile} />
      </section>
      <section class="card">
        <h2>Tell or correct</h2>
        <label class="field">
          <span>What is right now, as ${user} would say it</span>
          <textarea rows="4" value=${correction} placeholder="I moved to Lisbon in May."
            onInput=${(event) => setCorrection(event.target.value)}></textarea>
        </label>
        <p class="dim">It becomes a session of its own; what is newer counts.</p>
        <${Try} disabled=${!correction.trim() || !!task.busy} what="the correction" action="Learn it" onTry=${fromText} />
      </section>
    </div>
    <label class="field keep-history">
      <span>Beside the slots, keep of each session</span>
      <select value=${keep} onChange=${(event) => setKeep(event.target.value)}>
        ${KEPT.map(([value, label]) => html`<option key=${value} value=${value}>${label}</option>`)}
      </select>
    </label>
    <${Busy} text=${task.busy} onCancel=${() => control.current?.abort()} />
    <${Trouble} text=${task.error} />
    <div role="status">${result && html`<${Report} report=${result} />`}</div>
  `;
}

function Try({ disabled, what, action, onTry }) {
  return html`<p class="actions">
    <button type="button" class="primary" disabled=${disabled} onClick=${() => onTry(false)}>${action}</button>
    <button type="button" class="quiet" disabled=${disabled} onClick=${() => onTry(true)}>
      See what ${what} would change
    </button>
  </p>`;
}

function DropZone({ file, onFiles, busy }) {
  const [over, setOver] = useState(false);
  const dropped = (event) => {
    event.preventDefault();
    setOver(false);
    if (!busy && event.dataTransfer.files.length) onFiles(event.dataTransfer.files);
  };
  const hover = (event) => {
    event.preventDefault();
    setOver(true);
  };
  return html`<label class=${`drop ${over ? "over" : ""}`} onDrop=${dropped} onDragOver=${hover}
    onDragLeave=${() => setOver(false)}>
    <input type="file" accept=".jsonl,.json,.ndjson" class="visually-hidden" disabled=${busy}
      onChange=${(event) => event.target.files.length && onFiles(event.target.files)} />
    ${file
      ? html`<strong>${file.name}</strong><span class="dim">${bytes(file.size)} · choose another</span>`
      : html`<strong>Drop a history file here</strong>
          <span class="dim">or choose one: JSONL, ChatGPT's conversations.json, LoCoMo, PersonaMem</span>`}
  </label>`;
}

function Report({ report }) {
  const dry = report.dry_run;
  const title = dry ? "What would change" : `Learnt: version ${report.version}`;
  const nothing = report.sessions_added === 0;
  return html`<section class=${`card report ${dry ? "dry" : ""}`} ref=${inSight}>
    <h2>${title}</h2>
    ${nothing && html`<p>Every session was known already, so nothing ${dry ? "would change" : "changed"}.</p>`}
    <${Facts} label=${title} of=${[
      ["Sessions", `${report.sessions_added} new, ${report.sessions_skipped} known`],
      ["Slots", `${report.num_slots} (+${report.slots_added} −${report.slots_removed})`],
      ["Size", bytes(report.size_bytes)],
      ["Time", seconds(report.seconds)],
      ["Steps", report.steps ? `${count(report.steps, "step")}, loss ${fall(report.losses)}` : "one pass of the writer"],
    ]} />
    ${!dry && html`<p><a href="#memory">See the slots</a> · <a href="#chat">Ask</a></p>`}
  </section>`;
}

function fall(losses) {
  return `${losses[0].toFixed(2)} → ${losses.at(-1).toFixed(2)}`;
}
