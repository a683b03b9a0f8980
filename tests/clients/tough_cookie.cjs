// Loads each URL of standard input with tough-cookie as its jar, and answers with a line.

"use strict";

const http = require("node:http");
const https = require("node:https");
const readline = require("node:readline");
const { CookieJar } = require("tough-cookie");

const jar = new CookieJar();

function lookup(_host, options, found) {
  if (options.all) {
    found(null, [{ address: "127.0.0.1", family: 4 }]);
  } else {
    found(null, "127.0.0.1", 4);
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
  for (const field of response.headers["set-cookie"] ?? []) {
    // Else it throws at the first cookie that it refuses.
    await jar.setCookie(field, url, { ignoreError: true });
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
