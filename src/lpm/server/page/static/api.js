// The server's API, and nothing else: every request goes to the origin the page came from.

export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

const UNREACHABLE = "The server does not answer; check that it runs, then try again.";

export async function aboutServer() {
  return (await request("/page/server.json")).json();
}

export class Api {
  constructor(key) {
    this.key = key;
  }

  async send(method, path, { query = {}, body, bytes, signal } = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(given).toString();
    const headers = {};
    if (this.key) headers.Authorization = `Bearer ${this.key}`;
    if (body) headers["Content-Type"] = "application/json";
    if (bytes) headers["Content-Type"] = "application/octet-stream";
    return request(search ? `${path}?${search}` : path, {
      method,
      headers,
      signal,
      body: bytes ?? (body ? JSON.stringify(body) : undefined),
    });
  }

  async json(method, path, options) {
    return (await this.send(method, path, options)).json();
  }

  models() {
    return this.json("GET", "/v1/models");
  }

  users(prefix = "", after = "", limit = 20) {
    return this.json("GET", "/v1/memories", { query: { prefix, after, limit } });
  }

  // What is stored of one user, or null. Asked through the list, since an unknown user is no error.
  async summary(user) {
    const { data } = await this.users(user, "", 1);
    return data.length && data[0].user === user ? data[0] : null;
  }

  show(user, tell = false) {
    return this.json("GET", of(user), { query: tell ? { tell } : {} });
  }

  async sessions(user) {
    const all = [];
    for (let more = true; more; ) {
      const page = await this.json("GET", of(user, "/sessions"), { query: { offset: all.length } });
      all.push(...page.data);
      more = page.has_more && page.data.length > 0;
    }
    return all;
  }

  explain(user, message) {
    return this.json("POST", of(user, "/explain"), { body: { message } });
  }

  async versions(user) {
    return (await this.json("GET", of(user, "/versions"))).data;
  }

  changes(user, old, now) {
    return this.json("GET", of(user, "/diff"), { query: { old, new: now } });
  }

  rollback(user, version) {
    return this.json("POST", of(user, "/rollback"), { body: { version } });
  }

  remember(user, sessions, options = {}) {
    return this.json("POST", of(user, "/sessions"), { body: { sessions, ...options } });
  }

  tryFile(user, file, query) {
    return this.json("POST", of(user, "/file-sessions"), {
      query: { name: file.name, dry_run: true, ...query },
      bytes: file,
    });
  }

  // What is queued is learnt in the background; `job` says how far it is.
  queueFile(user, file, query) {
    const path = of(user, "/file-jobs");
    return this.json("POST", path, { query: { name: file.name, ...query }, bytes: file });
  }

  queue(user, sessions, options) {
    return this.json("POST", of(user, "/jobs"), { body: { sessions, ...options } });
  }

  async newestJob(user) {
    return (await this.json("GET", "/v1/jobs", { query: { user, limit: 1 } })).data[0];
  }

  job(id) {
    return this.json("GET", `/v1/jobs/${encodeURIComponent(id)}`);
  }

  cancelJob(id) {
    return this.json("DELETE", `/v1/jobs/${encodeURIComponent(id)}`);
  }

  // A part goes along even where it has no name, which the server refuses: without it, all of the user goes.
  forget(user, { scope, part }, dryRun = false) {
    const asked = scope === "user" ? {} : { [scope]: part ?? "" };
    return this.json("DELETE", of(user), { query: { ...asked, dry_run: dryRun } });
  }

  async memoryFile(user) {
    return (await this.send("GET", of(user, "/file"))).blob();
  }

  // Yield the events of one streamed chat answer.
  async *chat(body, signal) {
    const options = { body: { ...body, stream: true, stream_options: { include_usage: true } } };
    const response = await this.send("POST", "/v1/chat/completions", { ...options, signal });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) throw new ApiError("The answer broke off; ask again.", 0);
      text += value;
      const events = text.split("\n\n");
      text = events.pop();
      for (const event of events) {
        const data = event.replace(/^data: /, "");
        if (data === "[DONE]") return;
        const found = JSON.parse(data);
        if (found.error) throw new ApiError(found.error.message, 0);
        yield found;
      }
    }
  }
}

function of(user, rest = "") {
  return `/v1/memories/${encodeURIComponent(user)}${rest}`;
}

async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { credentials: "omit", redirect: "error", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(UNREACHABLE, 0);
  }
  if (response.ok) return response;
  const told = await response.json().catch(() => null);
  const sentence = told?.error?.message ?? `The server answered with status ${response.status}.`;
  throw new ApiError(sentence, response.status);
}
