// Preact with HTM: components without a build step. See vendor/README.md.
import { h, render, Fragment } from "./vendor/preact.js";
import htm from "./vendor/htm.js";

export { useCallback, useEffect, useId, useMemo, useRef, useState } from "./vendor/hooks.js";
export const html = htm.bind(h);
export { render, Fragment };
