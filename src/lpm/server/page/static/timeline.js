// Every stored version, newest first: what made it, what it changed, and the way back to it.
import { Busy, Confirm, Facts, Trouble, Unknown, useTask } from "./parts.js";
import { bytes, count, moment } from "./format.js";
import { html, useEffect, useState } from "./html.js";

export function Timeline({ api, user, summary, refresh }) {
  const task = useTask();
  // Apart from `task`: the list is read again when a version was made, and what failed stays told.
  const listing = useTask();
  const [versions, setVersions] = useState([]);
  const [asked, setAsked] = useState(null);
  const [done, setDone] = useState("");
  const read = async () => {
    const found = await listing.run("Reading the versions …", () => api.versions(user));
    if (found) setVersions(found);
  };
  useEffect(() => {
    if (summary) read();
  }, [summary?.version]);
  if (!summary) return html`<${Unknown} user=${user} />`;
  const roll = async () => {
    const { version } = asked;
    setAsked(null);
    setDone("");
    const made = await task.run("Rolling back …", () => api.rollback(user, version));
    if (made) setDone(`Version ${made.version} is now as version ${version} was.`);
    await refresh();
  };
  const newest = versions.at(-1)?.version;
  return html`
    <h1>Timeline</h1>
    <p class="lead">Every change makes a version. Going back to one makes a new version that equals it.</p>
    <${Busy} text=${task.busy || listing.busy} />
    <${Trouble} text=${task.error || listing.error} />
    <p role="status" class=${done && "good"}>${done}</p>
    <ol class="timeline" reversed>
      ${versions.toReversed().map((item) => html`<${Version} key=${item.version} api=${api} user=${user}
        item=${item} before=${versions.findLast((one) => one.version < item.version)}
        newest=${item.version === newest} busy=${!!task.busy} onBack=${() => setAsked(item)} />`)}
    </ol>
    ${asked &&
    html`<${Confirm} title=${`Go back to version ${asked.version}?`} action="Roll back"
      onYes=${roll} onNo=${() => setAsked(null)}>
      <p>
        The memory will again hold the ${count(asked.num_slots, "slot")} of ${moment(asked.created_at)}.
        Sessions that came later no longer count; no version is lost.
      </p>
    <//>`}
  `;
}

function Version({ api, user, item, before, newest, busy, onBack }) {
  const task = useTask();
  const [changes, setChanges] = useState(null);
  const compare = async () => {
    const found = await task.run("Comparing …", () => api.changes(user, before.version, item.version));
    if (found) setChanges(found);
  };
  const why = item.restored_from
    ? `Rolled back to version ${item.restored_from}`
    : item.session_ids.length
      ? `Learnt ${count(item.session_ids.length, "session")}`
      : "Changed without a new session";
  return html`<li class=${newest ? "newest" : ""}>
    <h2>Version ${item.version} ${newest && html`<span class="tag">newest</span>`}</h2>
    <p class="dim">
      ${moment(item.created_at)} · ${count(item.num_slots, "slot")} · ${bytes(item.size_bytes)}
    </p>
    <p>${why}${item.session_ids.length > 0 && ": "}
      ${item.session_ids.map((name) => html`<span class="tag" key=${name}>${name}</span> `)}</p>
    ${changes && html`<${Facts} label=${`Changes since version ${before.version}`} of=${[
      ["Slots that came", changes.came.length],
      ["Slots that went", changes.went.length],
      ["Slots that stayed", changes.stayed.length],
      ["Drift of those", changes.drift.toFixed(3)],
      ["Sessions added", changes.sessions_added.join(", ")],
      ["Sessions removed", changes.sessions_removed.join(", ")],
    ]} />`}
    <${Busy} text=${task.busy} />
    <${Trouble} text=${task.error} />
    <p class="actions">
      ${before && !changes && html`<button type="button" class="quiet" onClick=${compare}>
        Compare with version ${before.version}</button>`}
      ${!newest && html`<button type="button" class="quiet" onClick=${onBack} disabled=${busy}
        aria-label=${`Roll back to version ${item.version}`}>Roll back to this</button>`}
    </p>
  </li>`;
}
