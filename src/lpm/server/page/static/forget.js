// Forget a session, a topic or everything: first what would go, then the receipt.
import { Busy, Confirm, Facts, Trouble, Unknown, inSight, saveAs, useTask } from "./parts.js";
import { bytes, count, dayOf, moment, percent } from "./format.js";
import { html, useEffect, useState } from "./html.js";

const SCOPES = [
  ["session", "One session", "and the slots that it alone taught"],
  ["about", "A topic", "every turn that speaks of it, and the replies"],
  ["user", "Everything", "every version, session and byte of this user"],
];

export function Forget({ api, user, summary, refresh }) {
  const task = useTask();
  // Apart from `task`: the list is read again when something was learnt, and nobody's hands are tied.
  const listing = useTask();
  const [sessions, setSessions] = useState([]);
  const [scope, setScope] = useState("session");
  const [session, setSession] = useState("");
  const [about, setAbout] = useState("");
  // What was asked, and the receipt that the server would give for it.
  const [preview, setPreview] = useState(null);
  const [sure, setSure] = useState(false);
  const [receipt, setReceipt] = useState(null);
  const read = async () => {
    const found = await listing.run("Reading the sessions …", () => api.sessions(user));
    if (found) setSessions(found);
  };
  useEffect(() => {
    if (summary) read();
  }, [summary?.version]);

  const chosen = { session: session || sessions[0]?.content_hash, about: about.trim() };
  const asked = { scope, part: chosen[scope] };
  // The form can be changed while the server looks: its answer may be to what is no longer asked.
  const current = preview?.asked.scope === scope && preview.asked.part === asked.part;
  const change = (set) => (event) => {
    set(event.target.value);
    setPreview(null);
  };
  const look = async (event) => {
    event.preventDefault();
    setReceipt(null);
    setPreview(null);
    if (scope === "about" && !asked.part) return task.fail("Name the topic in a word or two.");
    const found = await task.run("Looking at what would go …", () => api.forget(user, asked, true));
    if (found) setPreview({ asked, receipt: found });
    return undefined;
  };
  const forget = async () => {
    setSure(false);
    const made = await task.run("Forgetting …", () => api.forget(user, preview.asked));
    if (!made) return;
    setPreview(null);
    setSession("");
    setReceipt(made);
    await refresh();
  };
  if (!summary && !receipt) return html`<${Unknown} user=${user} />`;
  return html`
    <h1>Forget</h1>
    ${summary &&
    html`<form class="card scoped" onSubmit=${look}>
      <fieldset class="scopes">
        <legend>What should ${user}'s memory forget?</legend>
        ${SCOPES.map(
          ([value, label, more]) => html`<label key=${value} class="choice">
            <input type="radio" name="scope" value=${value} checked=${scope === value} onChange=${change(setScope)} />
            <span><strong>${label}</strong> <span class="dim">${more}</span></span>
          </label>`,
        )}
      </fieldset>
      ${scope === "session" &&
      html`<label class="field">
        <span>Session</span>
        <select value=${chosen.session} onChange=${change(setSession)}>
          ${sessions.map((one) => html`<option key=${one.content_hash} value=${one.content_hash}>${named(one)}</option>`)}
        </select>
      </label>`}
      ${scope === "about" &&
      html`<label class="field">
        <span>Topic</span>
        <input value=${about} maxlength="1000" placeholder="my knee" onInput=${change(setAbout)} />
      </label>`}
      <button type="submit" class="primary" disabled=${!!task.busy || (scope === "session" && !chosen.session)}>See what would go</button>
    </form>`}
    <${Busy} text=${task.busy || listing.busy} />
    <${Trouble} text=${task.error || listing.error} />
    <div role="status">
      ${current &&
      html`<section class="card dry" ref=${inSight}>
        <h2>What would go</h2>
        <${Receipt} receipt=${preview.receipt} sessions=${sessions} />
        <button type="button" class="danger" disabled=${!!task.busy} onClick=${() => setSure(true)}>Forget it for good</button>
      </section>`}
      ${receipt &&
      html`<section class="card receipt" ref=${inSight}>
        <h2>Receipt</h2>
        <${Receipt} receipt=${receipt} sessions=${sessions} />
        <button type="button" class="quiet" onClick=${() => download(receipt)}>Download the receipt</button>
      </section>`}
    </div>
    ${sure && current &&
    html`<${Confirm} title="Forget for good?" action="Forget" grave word=${preview.receipt.scope === "user" ? user : ""}
      onYes=${forget} onNo=${() => setSure(false)}>
      <p>${warning(preview.receipt, user)} Older versions go too, and nothing brings them back.</p>
    <//>`}
  `;
}

function Receipt({ receipt, sessions }) {
  const dry = receipt.dry_run;
  const named = (name) => sessions.find((one) => one.content_hash === name)?.session_id ?? name;
  const { probe } = receipt;
  return html`<${Facts} label=${dry ? "Preview" : "Receipt"} of=${[
    ["Asked for", receipt.scope === "user" ? "everything" : named(receipt.asked)],
    ["Sessions", receipt.sessions_removed.join(", ") || "none as a whole"],
    ["Single turns", turns(receipt.turns_removed)],
    ["Slots", receipt.slots_before === null ? null : `${receipt.slots_before} → ${receipt.slots_after}`],
    ["How", how(receipt)],
    ["Versions removed", dry ? null : receipt.versions_removed],
    ["Bytes removed", dry && receipt.scope === "user" ? null : bytes(Math.max(0, receipt.bytes_removed))],
    ["Recall of it", probe && `${percent(probe.before)} → ${percent(probe.after)} of ${count(probe.questions, "question")}; ${percent(probe.without_memory)} by guessing`],
    ["Newest version", dry ? null : (receipt.version ?? "none, nothing is left")],
    [dry ? "Looked at" : "Made", moment(receipt.made_at)],
  ]} />`;
}

function turns(removed) {
  const bySession = Map.groupBy(removed, ([name]) => name);
  return [...bySession]
    .map(([name, of]) => `${name}: ${of.map(([, turn]) => turn + 1).join(", ")}`)
    .join("; ");
}

function how(receipt) {
  if (receipt.scope === "user") return "all of it is deleted";
  return receipt.rebuilt ? "learnt anew from the text that is left" : "its slots are taken out";
}

function warning(preview, user) {
  if (preview.scope === "user") return `All that is remembered of ${user} goes.`;
  const turns = preview.turns_removed.length;
  const parts = [
    preview.sessions_removed.length && count(preview.sessions_removed.length, "session"),
    turns && count(turns, "turn"),
  ].filter(Boolean);
  return `${parts.join(" and ")} will go; ${preview.slots_before} slots become ${preview.slots_after}.`;
}

function named(session) {
  const first = session.turns?.find((turn) => turn.role === "user")?.content ?? "text not kept";
  const short = first.length > 48 ? `${first.slice(0, 47)}…` : first;
  return `${session.session_id}${session.time ? `, ${dayOf(session.time)}` : ""}: ${short}`;
}

function download(receipt) {
  const text = JSON.stringify(receipt, null, 2);
  saveAs(`receipt-${receipt.user}.json`, new Blob([text], { type: "application/json" }));
}
