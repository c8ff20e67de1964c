// Numbers, sizes and times as people read them.

const whole = new Intl.NumberFormat("en");
const date = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" });

export function count(number, one, many = `${one}s`) {
  return `${whole.format(number)} ${number === 1 ? one : many}`;
}

export function bytes(size) {
  if (size < 1000) return `${size} B`;
  const [unit, scale] = size < 1e6 ? ["kB", 1e3] : ["MB", 1e6];
  return `${(size / scale).toFixed(size / scale < 10 ? 2 : 1)} ${unit}`;
}

export function seconds(value) {
  return `${value.toFixed(value < 10 ? 2 : 1)} s`;
}

export function percent(share) {
  return share > 0 && share < 0.005 ? "<1 %" : `${Math.round(100 * share)} %`;
}

// A time without a zone is UTC, as everywhere in the server.
export function moment(text) {
  return date.format(new Date(zoned(text)));
}

export function dayOf(text) {
  return day.format(new Date(zoned(text)));
}

// A session's name; one that is taken already gets another by the server.
export function nameAt(kind, time) {
  return `${kind} ${time.slice(0, 16).replace("T", " ")}`;
}

function zoned(text) {
  return /Z$|[+-]\d\d:?\d\d$/.test(text) ? text : `${text}Z`;
}
