// What the two wrappers beside this file share: npm's solc, answering as the native compiler does.
"use strict";

const { readFileSync } = require("node:fs");

module.exports = function answer(compiler, args) {
  const solc = require(compiler);
  if (args.includes("--version")) {
    console.log("solc, the solidity compiler commandline interface");
    console.log(`Version: ${solc.version()}`);
  } else if (args.includes("--standard-json")) {
    process.stdout.write(solc.compile(readFileSync(0, "utf8")));
  } else {
    console.error("only --version and --standard-json are answered");
    process.exitCode = 2;
  }
};
