#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { cacheFolder } from './places.ts'

// What has been compiled once is not compiled again by the next run: it starts in half the time.
const cache = cacheFolder()
if (cache !== undefined) enableCompileCache(cache)

// Loaded after that.
const { program } = await import('./program.ts')
await (await program(process.argv[2])).parseAsync()
