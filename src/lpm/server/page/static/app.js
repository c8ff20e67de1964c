// The page: who is signed in, whose memory is open, and which view shows it.
import { Api, aboutServer } from "./api.js";
import { ChooseUser, SignIn } from "./signin.js";
import { count } from "./format.js";
import { html, render, useCallback, useEffect, useMemo, useState } from "./html.js";
import { Chat } from "./chat.js";
import { Forget } from "./forget.js";
import { MemoryView } from "./memory.js";
import { Reading } from "./reading.js";
import { Teach } from "./teach.js";
import { Timeline } from "./timeline.js";
import { Trouble, useTask } from "./parts.js";

const VIEWS = [
  ["chat", "Chat", Chat],
  ["reading", "Heat map", Reading],
  ["memory", "Slots", MemoryView],
  ["teach", "Teach", Teach],
  ["timeline", "Timeline", Timeline],
  ["forget", "Forget", Forget],
];
const KEY = "lpm.key";
const USER = "lpm.user";

function useView() {
  const named = () => VIEWS.find(([name]) => `#${name}` === location.hash) ?? VIEWS[0];
  const [view, setView] = useState(named);
  useEffect(() => {
    const changed = () => setView(named());
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return view;
}

// A value that this tab keeps until it is closed.
function useKept(name) {
  const [value, setValue] = useState(() => sessionStorage.getItem(name) ?? "");
  const keep = (next) => {
    if (next) sessionStorage.setItem(name, next);
    else sessionStorage.removeItem(name);
    setValue(next);
  };
  return [value, keep];
}

function App() {
  const [server, setServer] = useState(null);
  const [error, setError] = useState("");
  const [key, setKey] = useKept(KEY);
  const [user, setUser] = useKept(USER);
  useEffect(() => {
    aboutServer().then(setServer, (reason) => setError(reason.message));
  }, []);
  const api = useMemo(() => new Api(key), [key]);
  const leave = () => {
    setKey("");
    setUser("");
  };
  const inside = server && (key || server.open_access);
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <header>
      <p class="brand"><img src="/page/icon.svg" alt="" width="26" height="26" /> <span>Latent Personal Memory</span></p>
      ${inside &&
      html`<p class="who">
        ${user &&
        html`<button type="button" class="quiet" onClick=${() => setUser("")}>
          <span class="dim">User</span> <strong>${user}</strong> <span class="dim">· change</span>
        </button>`}
        ${!server.open_access &&
        html`<button type="button" class="quiet" onClick=${leave}>Sign out</button>`}
      </p>`}
    </header>
    ${inside && user
      ? html`<${Opened} key=${user} api=${api} user=${user} server=${server} />`
      : html`<main id="main" tabindex="-1">
          <${Trouble} text=${error} />
          ${server && !inside && html`<${SignIn} onKey=${setKey} />`}
          ${inside && html`<${ChooseUser} api=${api} onUser=${setUser} />`}
        </main>`}
    ${server && !(inside && user) && html`<footer class="dim">
      ${server.model} · Latent Personal Memory ${server.version}
    </footer>`}
  `;
}

function Opened({ api, user, server }) {
  const [name, , View] = useView();
  const [summary, setSummary] = useState(undefined);
  const [turns, setTurns] = useState([]);
  const task = useTask();
  const refresh = useCallback(async () => {
    const found = await task.run("Reading what is stored …", () => api.summary(user));
    if (found !== undefined) setSummary(found);
  }, [api, user]);
  useEffect(() => void refresh(), [refresh]);
  const said = summary
    ? `${count(summary.num_slots, "slot")}, version ${summary.version}`
    : "nothing remembered yet";
  return html`
    <nav aria-label="Views">
      ${VIEWS.map(
        ([view, label]) =>
          html`<a key=${view} href=${`#${view}`} aria-current=${view === name ? "page" : undefined}>${label}</a>`,
      )}
      ${summary !== undefined && html`<span class="dim state">${server.model} · ${said}</span>`}
    </nav>
    <main id="main" tabindex="-1">
      <${Trouble} text=${task.error} />
      ${summary !== undefined &&
      html`<${View} ...${{ api, user, server, summary, refresh, turns, setTurns }} />`}
    </main>
  `;
}

// A jump by hash would change the view.
function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

render(html`<${App} />`, document.body);
