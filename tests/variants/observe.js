// SPDX-License-Identifier: MIT
//
// observe.js MACHINE MODE TREE PACKAGE
//
// Runs a package's own loader and tells what it opens on another machine: MACHINE is a directory
// with the files that loaders ask for (etc/alpine-release, usr/bin/ldd, proc/self/exe, …), taken
// for the machine's, and "LIBC ARCH" in `platform`. Nothing native is loaded. MODE is
//
//     accept    whatever is opened loads: the first line is the choice
//     refuse    nothing loads: the lines are the whole order
//
// Printed, each once, in the order in which it happens:
//
//     PACKAGE<tab>MODE<tab>open PATH     an addon of the package's or of its optionalDependencies
//                                        is required, a program of theirs is started
//     PACKAGE<tab>MODE<tab>wants NAME    one of its optionalDependencies is asked for
'use strict'

const Module = require('module')
const childProcess = require('child_process')
const fs = require('fs')
const os = require('os')
const path = require('path')

const [machine, mode, tree, name] = process.argv.slice(2)
const real = { existsSync: fs.existsSync, readFileSync: fs.readFileSync }
const [libc, arch] = real.readFileSync(path.join(machine, 'platform'), 'utf8').trim().split(' ')
const root = path.join(tree, 'node_modules', name)
const manifest = JSON.parse(real.readFileSync(path.join(root, 'package.json'), 'utf8'))
const platformPackages = Object.keys(manifest.optionalDependencies || {})
const lines = []

function tell(line) {
	if (!lines.includes(line)) lines.push(line)
}

function refusal(file) {
	const error = new Error(`${file}: refused by the test`)
	error.code = 'ERR_DLOPEN_FAILED'
	return error
}

// --- what is opened ---------------------------------------------------------------------

// Answers to everything with itself, so that what a loader does with an addon goes well.
function anything() {
	const proxy = new Proxy(() => proxy, {
		get: (target, key) => (key === Symbol.toPrimitive ? () => '1' : proxy),
		set: () => true,
		construct: () => proxy,
	})
	return proxy
}

// Other packages that are loaded on the way have loaders of their own.
function isOurs(file) {
	return [name, ...platformPackages].some((owner) =>
		file.startsWith(path.join(tree, 'node_modules', owner) + path.sep))
}

function open(file) {
	if (!isOurs(file)) return anything()
	tell(`open ${path.relative(tree, file)}`)
	if (mode === 'refuse') throw refusal(file)
	return anything()
}

Module._extensions['.node'] = (module, file) => {
	module.exports = open(file)
}
process.dlopen = (module, file) => {
	module.exports = open(file)
}

// --- what is asked for ------------------------------------------------------------------

function askedFor(request) {
	const asked = platformPackages.find(
		(candidate) => request === candidate || request.startsWith(`${candidate}/`)
	)
	if (asked) tell(`wants ${asked}`)
}

const resolveFilename = Module._resolveFilename
Module._resolveFilename = function (request, parent, ...rest) {
	const from = parent && parent.filename ? parent.filename : root
	if (from.startsWith(`${root}/`) || from.includes('node-gyp-build')) askedFor(request)
	return resolveFilename.call(this, request, parent, ...rest)
}

// --- the machine ------------------------------------------------------------------------

const ofTheMachine = ['/etc/alpine-release', '/etc/os-release', '/usr/bin/ldd', '/proc/self/exe',
	'/proc/self/maps']

function answered(file) {
	if (file === process.execPath) file = '/proc/self/exe'
	if (typeof file !== 'string') return file
	if (ofTheMachine.includes(file)) return path.join(machine, file)
	const modules = path.normalize(file).lastIndexOf('/node_modules/')
	if (modules >= 0)
		askedFor(path.normalize(file).slice(modules + '/node_modules/'.length))
	return file
}

for (const call of ['existsSync', 'accessSync', 'statSync', 'openSync', 'readFileSync']) {
	const original = fs[call]
	fs[call] = (file, ...rest) => original(answered(file), ...rest)
}
for (const call of ['open', 'readFile']) {
	const original = fs[call]
	fs[call] = (file, ...rest) => original(answered(file), ...rest)
}

process.report.getReport = () => ({
	header: libc === 'musl' ? {} : { glibcVersionRuntime: '2.36', glibcVersionCompiler: '2.28' },
	sharedObjects: [libc === 'musl' ? '/lib/ld-musl-x86_64.so.1' : '/lib/x86_64-linux-gnu/libc.so.6'],
})

Object.defineProperty(process, 'arch', { value: arch })
os.arch = Object.assign(() => arch, { [Symbol.toPrimitive]: () => arch })

const ldd = real.readFileSync(path.join(machine, 'usr/bin/ldd'), 'utf8').includes('musl')
	? 'musl libc (x86_64)\nVersion 1.2.5\n'
	: 'glibc 2.36\nldd (Debian GLIBC 2.36-9) 2.36\n'

// ldd and getconf are answered; another program is what the package brings.
function run(command, ...rest) {
	if (path.isAbsolute(command) && real.existsSync(command)) {
		open(command)
		throw refusal(command)
	}
	if (/\b(ldd|getconf)\b/.test(command)) return ldd
	throw refusal(command)
}
childProcess.execSync = run
childProcess.execFileSync = run
childProcess.spawnSync = (command, ...rest) => ({ status: 0, stdout: run(command), stderr: '' })

for (const variable of ['LIBC', 'ARM_VERSION', 'PREBUILDS_ONLY', 'ESBUILD_BINARY_PATH'])
	delete process.env[variable]
process.env.ESBUILD_WORKER_THREADS = '0'

// --- the run ----------------------------------------------------------------------------

process.on('exit', () => {
	process.exitCode = 0
	fs.writeSync(1, lines.map((line) => `${name}\t${mode}\t${line}\n`).join(''))
})
process.on('uncaughtException', () => {})
try {
	const loaded = Module.createRequire(path.join(tree, 'index.js'))(name)
	if (lines.length > 0 && lines.some((line) => line.startsWith('open '))) process.exit()
	if (loaded.transformSync) loaded.transformSync('') // esbuild starts its program only now
	else if (typeof loaded === 'function') new loaded(':memory:') // better-sqlite3
	else if (loaded.devices) loaded.devices() // node-hid
} catch (error) {
	if (process.env.OBSERVE_ERRORS) console.error(`${name}: ${error.message}`)
}
process.exit()
