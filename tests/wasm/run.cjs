// Calls the handlers of lib.rs, and checks the cookies that they set and read: `node run.cjs MODULE`.

"use strict";

const assert = require("node:assert/strict");
const path = require("node:path");
const { set_cookies, read_cookies } = require(path.resolve(process.argv[2]));

/// An HTTP date is in whole seconds, and a busy machine may take some.
const TOLERANCE = 10_000;

const before = Date.now();
const headers = set_cookies();
console.log(headers.join("\n"));

const cookies = new Map();
for (const header of headers) {
  const [pair, ...attributes] = header.split("; ");
  const [name, value] = pair.split(/=(.*)/s);
  assert(!cookies.has(name), `${name} is set twice`);
  cookies.set(name, {
    value,
    attributes: new Map(attributes.map((attribute) => attribute.split("="))),
  });
}
assert.deepEqual(
  [...cookies.keys()].sort(),
  ["aged", "csrftoken", "dated", "deleted", "private", "sessionid", "signed"],
);

function assertExpires(name, milliseconds) {
  const { attributes } = cookies.get(name);
  const date = new Date(attributes.get("expires"));
  assert.equal(date.toUTCString(), attributes.get("expires"), `the date of ${name}`);
  const difference = Math.abs(date - (before + milliseconds));
  assert(difference < TOLERANCE, `${name} expires ${difference} ms from ${milliseconds} ms after now`);
}

const HOUR = 3600 * 1000;
assertExpires("aged", HOUR);
assert.equal(cookies.get("aged").attributes.get("Max-Age"), "3600");
assertExpires("dated", HOUR);
assertExpires("sessionid", 14 * 24 * HOUR);
assertExpires("csrftoken", 52 * 7 * 24 * HOUR);

// A timestamp of django.core.signing is the seconds since 1970, in base 62.
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const [, timestamp] = cookies.get("signed").value.match(/^3:([0-9A-Za-z]+):[\w-]{43}$/);
const seconds = [...timestamp].reduce((sum, digit) => sum * 62 + DIGITS.indexOf(digit), 0);
assert(Math.abs(seconds * 1000 - before) < TOLERANCE, `signed at ${seconds}`);

const deleted = headers.find((header) => header.startsWith("deleted="));
assert.equal(deleted, 'deleted=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/');

const pairs = headers.map((header) => header.split("; ")[0]);
const values = read_cookies(pairs.join("; "));
console.log(values.join(", "));
assert.deepEqual(values, ["3", "4", "5", "true"]);

// A forged value is refused: its signature was checked.
const forged = pairs.join("; ").replace("signed=3", "signed=4");
assert.throws(() => read_cookies(forged), /signature/);
console.log("passed");
