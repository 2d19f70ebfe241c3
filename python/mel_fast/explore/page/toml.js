// TOML as scenario files use it: tables, dotted keys, numbers, words, lists, inline tables. Dates,
// lists of tables and texts over several lines have no place in a scenario and are refused.

const MOST_DEPTH = 8;
const NUMBER = /^[+-]?(\d+(_\d+)*)(\.\d+(_\d+)*)?([eE][+-]?\d+(_\d+)*)?$/;
const ESCAPES = new Map([["b", "\b"], ["t", "\t"], ["n", "\n"], ["f", "\f"], ["r", "\r"], ['"', '"'],
  ["\\", "\\"]]);

/** @typedef {string | number | boolean | any[] | Map<string, any>} Value */
/** @typedef {Map<string, Value>} Table */

/** @param {string} text @returns {Table} @throws {Error} that names the line */
export function readToml(text) {
  return new Reader(text.replaceAll("\r\n", "\n")).file();
}

class Reader {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.at = 0;
    /** @type {Set<Map<string, any>>} tables that a header or an inline table has closed */
    this.closed = new Set();
  }

  /** @param {string} what @returns {never} */
  fail(what) {
    const line = this.text.slice(0, this.at).split("\n").length;
    throw new Error(`line ${line}: ${what}`);
  }

  /** @param {RegExp} sticky @returns {string | null} */
  take(sticky) {
    sticky.lastIndex = this.at;
    const found = sticky.exec(this.text);
    if (!found) return null;
    this.at = sticky.lastIndex;
    return found[0];
  }

  blanks() {
    this.take(/[ \t]*/y);
  }

  anyBlanks() {
    this.take(/(?:[ \t\n]|#[^\n]*)*/y);
  }

  endOfLine() {
    this.take(/[ \t]*(?:#[^\n]*)?/y);
    if (this.at < this.text.length && this.text[this.at] !== "\n") this.fail("more than one value");
  }

  /** @returns {Table} */
  file() {
    /** @type {Table} */
    const root = new Map();
    let table = root;
    for (this.anyBlanks(); this.at < this.text.length; this.anyBlanks()) {
      if (this.take(/\[/y)) {
        if (this.text[this.at] === "[") this.fail("lists of tables are not part of a scenario");
        table = this.table(root, this.keys());
        if (this.closed.has(table)) this.fail("this table is given twice");
        this.closed.add(table);
        if (!this.take(/\]/y)) this.fail("a table's name must end in ]");
      } else {
        this.pair(table, 0);
      }
      this.endOfLine();
    }
    return root;
  }

  /** @param {Table} table @param {number} depth */
  pair(table, depth) {
    const keys = this.keys();
    const last = /** @type {string} */ (keys.pop());
    if (!this.take(/=/y)) this.fail("a key needs = and a value");
    this.blanks();
    const home = keys.length ? this.table(table, keys) : table;
    if (home !== table && this.closed.has(home)) this.fail("this table is given twice");
    if (home.has(last)) this.fail("this key is given twice");
    home.set(last, this.value(depth));
  }

  /** @returns {string[]} */
  keys() {
    const keys = [];
    do {
      this.blanks();
      const bare = this.take(/[A-Za-z0-9_-]+/y);
      const quote = bare === null ? this.text[this.at] : "";
      if (bare === null && quote !== '"' && quote !== "'") this.fail("a key is missing");
      keys.push(bare ?? this.quoted());
      if (keys.length > MOST_DEPTH) this.fail("a key of too many parts");
      this.blanks();
    } while (this.take(/\./y));
    return keys;
  }

  /** @param {Table} from @param {string[]} keys @returns {Table} */
  table(from, keys) {
    for (const key of keys) {
      if (!from.has(key)) from.set(key, new Map());
      const next = from.get(key);
      if (!(next instanceof Map)) this.fail("this key is given twice");
      from = next;
    }
    return from;
  }

  /** @param {number} depth @returns {Value} */
  value(depth) {
    if (depth > MOST_DEPTH) this.fail("nested too deeply");
    const first = this.text[this.at];
    if (first === '"' || first === "'") return this.quoted();
    if (first === "[") return this.list(depth);
    if (first === "{") return this.inline(depth);
    const word = this.take(/[A-Za-z0-9_+.:-]+/y) ?? "";
    if (word === "true" || word === "false") return word === "true";
    if (/^[+]?inf$/.test(word)) return Infinity;
    if (word === "-inf") return -Infinity;
    if (/^[+-]?nan$/.test(word)) return NaN;
    if (/^0[xob]/.test(word)) return Number(word.replaceAll("_", ""));
    if (!NUMBER.test(word) || /^[+-]?0\d/.test(word)) this.fail("neither a number nor a text in quotes");
    return Number(word.replaceAll("_", ""));
  }

  /** @returns {string} */
  quoted() {
    if (this.take(/"""|'''/y)) this.fail("texts over several lines are not part of a scenario");
    const literal = this.take(/'[^'\n]*'/y);
    if (literal !== null) return literal.slice(1, -1);
    const basic = this.take(/"(?:[^"\\\n]|\\[^\n])*"/y);
    if (basic === null) return this.fail("a text without its end");
    return basic.slice(1, -1).replace(/\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)/g, (_, code) => {
      if (code.length === 1) return ESCAPES.get(code) ?? this.fail("an unknown escape");
      const point = parseInt(code.slice(1), 16);
      if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) this.fail("an unknown escape");
      return String.fromCodePoint(point);
    });
  }

  /** @param {number} depth @returns {Value[]} */
  list(depth) {
    const values = [];
    this.at++;
    for (this.anyBlanks(); !this.take(/\]/y); this.anyBlanks()) {
      values.push(this.value(depth + 1));
      this.anyBlanks();
      if (!this.take(/,/y) && this.text[this.at] !== "]") this.fail("a list needs , or ]");
    }
    return values;
  }

  /** @param {number} depth @returns {Table} */
  inline(depth) {
    /** @type {Table} */
    const table = new Map();
    this.at++;
    this.blanks();
    if (!this.take(/\}/y)) {
      do {
        this.pair(table, depth + 1);
        this.blanks();
      } while (this.take(/,/y));
      if (!this.take(/\}/y)) this.fail("an inline table needs , or }");
    }
    this.closed.add(table);
    return table;
  }
}

/** @param {number} x @returns {string} a float of TOML, without any loss */
export function tomlFloat(x) {
  if (x === Infinity) return "inf";
  const text = String(x);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** @param {string} text @returns {string} */
export function tomlText(text) {
  const escaped = text.replace(/["\\\u0000-\u001f\u007f]/g, (c) =>
    `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `"${escaped}"`;
}
