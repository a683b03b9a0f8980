// Loads each URL of standard input with a CookieJar of tough-cookie, and prints a line with the
// result.

"use strict";

const http = require("node:http");
const https = require("node:https");
const readline = require("node:readline");
const { CookieJar } = require("tough-cookie");

const jar = new CookieJar();

function lookup(_host, options, callback) {
  if (options.all) {
    callback(null, [{ address: "127.0.0.1", family: 4 }]);
  } else {
    callback(null, "127.0.0.1", 4);
  }
}

function get(url, headers) {
  const client = url.startsWith("https:") ? https : http;
  return new Promise((resolve, reject) => {
    const request = client.get(url, { headers, lookup, rejectUnauthorized: false }, (response) => {
      response.on("error", reject);
      response.on("end", () => resolve(response));
      response.resume();
    });
    request.on("error", reject);
  });
}

async function load(url) {
  const cookie = await jar.getCookieString(url);
  const response = await get(url, cookie ? { cookie } : {});
  for (const header of response.headers["set-cookie"] ?? []) {
    // Without `ignoreError` it throws if it refuses a cookie.
    await jar.setCookie(header, url, { ignoreError: true });
  }
  if (response.statusCode !== 200) {
    throw new Error(`status ${response.statusCode}`);
  }
}

async function main() {
  for await (const url of readline.createInterface({ input: process.stdin })) {
    try {
      await load(url);
      console.log("loaded");
    } catch (error) {
      console.log(`error: ${error}`);
    }
  }
}

main();
