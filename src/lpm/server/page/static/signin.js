// The two first steps: a key, and whose memory it is about.
import { Trouble, focused, useTask } from "./parts.js";
import { count, moment } from "./format.js";
import { html, useEffect, useState } from "./html.js";
import { Api } from "./api.js";

export function SignIn({ onKey }) {
  const [key, setKey] = useState("");
  const task = useTask();
  const submit = async (event) => {
    event.preventDefault();
    if (!key.trim()) return task.fail("Give a key; `lpm keys create` makes one.");
    const good = await task.run("Checking the key …", () => new Api(key.trim()).models());
    if (good) onKey(key.trim());
  };
  return html`<section class="card narrow">
    <h1>Sign in</h1>
    <p class="dim">
      With an API key of this server. It stays in this tab and is gone when the tab is closed.
    </p>
    <form onSubmit=${submit}>
      <label class="field">
        <span>API key</span>
        <input type="password" autocomplete="off" spellcheck="false" placeholder="lpm_…" ref=${focused}
          value=${key} onInput=${(event) => setKey(event.target.value)} />
      </label>
      <${Trouble} text=${task.error} />
      <button type="submit" class="primary wide" disabled=${!!task.busy}>
        ${task.busy || "Sign in"}
      </button>
    </form>
  </section>`;
}

export function ChooseUser({ api, onUser }) {
  const [name, setName] = useState("");
  const [found, setFound] = useState({ prefix: "", data: [], has_more: false });
  const [wrong, setWrong] = useState("");
  const task = useTask();
  const load = async (after = "") => {
    const page = await task.run("Looking …", () => api.users(name, after));
    if (!page) return;
    setFound({ ...page, prefix: name, data: after ? [...found.data, ...page.data] : page.data });
  };
  useEffect(() => {
    const wait = setTimeout(load, name ? 200 : 0);
    return () => clearTimeout(wait);
  }, [name]);
  const typed = (event) => {
    setName(event.target.value);
    setWrong("");
  };
  const submit = (event) => {
    event.preventDefault();
    const wanted = name.trim();
    if (!wanted) return setWrong("Type a name, or choose one below.");
    // Browsers take such a part of a path for a step up, however it is written.
    if (wanted === "." || wanted === "..") {
      return setWrong("This page cannot open a user whose name is dots alone; give another.");
    }
    return onUser(wanted);
  };
  const isNew = name.trim() && !found.data.some((item) => item.user === name.trim());
  return html`<section class="card narrow">
    <h1>Whose memory?</h1>
    <form onSubmit=${submit} class="row">
      <label class="field grow">
        <span>User</span>
        <input autocomplete="off" ref=${focused} placeholder="Choose below or type a name" value=${name}
          onInput=${typed} />
      </label>
      <button type="submit" class="primary">${isNew && !task.busy ? "Begin new" : "Open"}</button>
    </form>
    <${Trouble} text=${wrong || task.error} />
    <ul class="users" aria-label="Users">
      ${found.data.map(
        (item) => html`<li key=${item.user}>
          <button type="button" onClick=${() => onUser(item.user)}>
            <strong>${item.user}</strong>
            <span class="dim">
              ${count(item.num_slots, "slot")} · ${count(item.num_sessions, "session")} ·
              ${" "}${moment(item.updated_at)}
            </span>
          </button>
        </li>`,
      )}
    </ul>
    ${!found.data.length && !task.busy && !task.error &&
    html`<p class="dim">
      ${name ? "Nobody's name begins like that; a new user starts without a memory." : "Nobody is remembered yet."}
    </p>`}
    ${found.has_more && found.prefix === name &&
    html`<button type="button" class="quiet" onClick=${() => load(found.next)}>
      Show more
    </button>`}
  </section>`;
}
