#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { cacheFolder } from './places.ts'

// What has been compiled once is not compiled again by the next run: it starts in half the time.
const cache = cacheFolder()
if (cache !== undefined) enableCompileCache(cache)

// What the program warns of is for who runs it: a line, without the way to the source.
process.removeAllListeners('warning')
process.on('warning', ({ message }) => void process.stderr.write(`smbkit: note: ${message}\n`))

// Loaded after that.
const { program } = await import('./program.ts')
await (await program(process.argv[2])).parseAsync()
