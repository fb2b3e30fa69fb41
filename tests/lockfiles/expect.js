// What a lock file says, by its own tool's parser: expect.js KIND FILE, run where the tools are.
//
// Prints a line for each package and version, sorted: "NAME<tab>VERSION<tab>os<tab>cpu<tab>libc
// <tab>optional", lists with commas, - where the file says nothing.
'use strict';
const fs = require('fs');
const path = require('path');
const [kind, file] = process.argv.slice(2);
const tool = (name) => require(path.join(process.cwd(), 'node_modules', name));
const text = fs.readFileSync(file, 'utf8');
const rows = new Map();

function add(name, version, says) {
  const key = `${name}\t${version}`;
  const row = rows.get(key) || {};
  for (const field of ['os', 'cpu', 'libc']) row[field] ||= says[field];
  row.optional ||= says.optional;
  rows.set(key, row);
}

// "name@range" of which the name may begin with an @.
const nameOf = (descriptor) => descriptor.slice(0, descriptor.indexOf('@', 1));

const readers = {
  npm() {
    for (const [place, entry] of Object.entries(JSON.parse(text).packages)) {
      const at = place.lastIndexOf('node_modules/');
      if (at >= 0 && !entry.link) add(place.slice(at + 'node_modules/'.length), entry.version, entry);
    }
  },
  pnpm() {
    const lock = tool('yaml').parse(text);
    for (const part of ['packages', 'snapshots'])
      for (const [key, entry] of Object.entries(lock[part] || {})) {
        const bare = key.replace(/^\//, '').replace(/\(.*/, '');
        const at = bare.lastIndexOf('@');
        add(bare.slice(0, at), bare.slice(at + 1), entry);
      }
  },
  yarn1() {
    for (const [key, entry] of Object.entries(tool('@yarnpkg/lockfile').parse(text).object))
      add(nameOf(key), entry.version, {});
  },
  yarn4() {
    for (const [key, entry] of Object.entries(tool('@yarnpkg/parsers').parseSyml(text))) {
      if (key === '__metadata' || entry.linkType === 'soft') continue;
      const says = {};
      for (const [, field, word] of (entry.conditions || '').matchAll(/(os|cpu|libc)=([^\s()&|]+)/g))
        (says[field] ||= []).push(word);
      add(nameOf(key.split(', ')[0]), entry.version, says);
    }
  },
};

readers[kind]();
for (const [key, row] of [...rows].sort((a, b) => (a[0] < b[0] ? -1 : 1))) {
  const lists = ['os', 'cpu', 'libc'].map((field) => [].concat(row[field] || '-').join(','));
  console.log([key, ...lists, row.optional ? 'optional' : '-'].join('\t'));
}
