// Teach the memory: a history file, or a sentence that corrects it. Both can be tried first.
import { Busy, Facts, Trouble, inSight, useTask } from "./parts.js";
import { Progress, useJob } from "./jobs.js";
import { bytes, count, nameAt, seconds } from "./format.js";
import { html, useState } from "./html.js";

const KEPT = [
  ["full", "its text (needed to forget a topic)"],
  ["hashes", "its fingerprint alone"],
  ["none", "nothing"],
];

export function Teach({ api, user, server, summary, refresh }) {
  const task = useTask();
  const [file, setFile] = useState(null);
  const [correction, setCorrection] = useState("");
  const [keep, setKeep] = useState("full");
  const [tried, setTried] = useState(null);
  const [learnt, setLearnt] = useState(null);
  const { job, error, watch, cancel } = useJob(api, user, async (ended) => {
    if (ended.state === "failed") return task.fail(ended.error);
    const now = await api.summary(user);
    const before = summary?.version;
    const changed = now && now.version !== before;
    const changes = changed && before ? await api.changes(user, before, now.version) : null;
    setLearnt({ state: ended.state, now, changed, changes });
    return refresh();
  });
  const busy = !!task.busy || !!job;

  const attempt = async (dryRun, work, onQueued) => {
    setTried(null);
    setLearnt(null);
    const made = await task.run(dryRun ? "Trying it …" : "Handing it over …", work);
    if (!made) return;
    if (dryRun) setTried(made);
    else {
      onQueued();
      await watch(made);
    }
  };
  const options = { keep_history: keep };
  const fromFile = (dryRun) =>
    attempt(
      dryRun,
      () => (dryRun ? api.tryFile : api.queueFile).call(api, user, file, options),
      () => setFile(null),
    );
  const fromText = (dryRun) => {
    const time = new Date().toISOString();
    const messages = [{ role: "user", content: correction.trim() }];
    const sessions = [{ session_id: nameAt("told", time), time, messages }];
    return attempt(
      dryRun,
      () =>
        dryRun
          ? api.remember(user, sessions, { ...options, dry_run: true })
          : api.queue(user, sessions, options),
      () => setCorrection(""),
    );
  };
  const take = (files) => {
    setTried(null);
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
        <${DropZone} file=${file} onFiles=${take} busy=${busy} />
        <${Try} disabled=${!file || busy} what="the file" action="Learn the file" onTry=${fromFile} />
      </section>
      <section class="card">
        <h2>Tell or correct</h2>
        <label class="field">
          <span>What is right now, as ${user} would say it</span>
          <textarea rows="4" value=${correction} placeholder="I moved to Lisbon in May."
            onInput=${(event) => setCorrection(event.target.value)}></textarea>
        </label>
        <p class="dim">It becomes a session of its own; what is newer counts.</p>
        <${Try} disabled=${!correction.trim() || busy} what="the correction" action="Learn it" onTry=${fromText} />
      </section>
    </div>
    <label class="field keep-history">
      <span>Beside the slots, keep of each session</span>
      <select value=${keep} onChange=${(event) => setKeep(event.target.value)}>
        ${KEPT.map(([value, label]) => html`<option key=${value} value=${value}>${label}</option>`)}
      </select>
    </label>
    <${Busy} text=${task.busy} />
    <${Trouble} text=${task.error || error} />
    ${job && html`<${Progress} job=${job} onCancel=${cancel} />`}
    <div role="status">
      ${tried && html`<${Tried} report=${tried} />`}
      ${learnt && html`<${Learnt} ...${learnt} />`}
    </div>
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

function Tried({ report }) {
  const title = "What would change";
  return html`<section class="card dry" ref=${inSight}>
    <h2>${title}</h2>
    ${report.sessions_added === 0 && html`<p>Every session is known already, so nothing would.</p>`}
    <${Facts} label=${title} of=${[
      ["Sessions", `${report.sessions_added} new, ${report.sessions_skipped} known`],
      ["Slots", report.num_slots],
      ["Slots that come", report.slots_added],
      ["Slots that go", report.slots_removed],
      ["Size", bytes(report.size_bytes)],
      ["Tried in", seconds(report.seconds)],
    ]} />
  </section>`;
}

function Learnt({ state, now, changed, changes }) {
  if (state === "cancelled") return html`<p class="dim">Cancelled; nothing was changed.</p>`;
  if (!changed) return html`<p class="dim">Every session was known already, so nothing changed.</p>`;
  const title = `Learnt: version ${now.version}`;
  return html`<section class="card" ref=${inSight}>
    <h2>${title}</h2>
    <${Facts} label=${title} of=${[
      ["Sessions", changes ? count(changes.sessions_added.length, "new one", "new ones") : now.num_sessions],
      ["Slots", now.num_slots],
      ["Slots that came", changes ? changes.came.length : now.num_slots],
      ["Slots that went", changes?.went.length],
      ["Size", bytes(now.size_bytes)],
    ]} />
    <p class="actions">
      <a class="button" href="#chat">Ask about it</a> <a class="button light" href="#memory">See the slots</a>
    </p>
  </section>`;
}
