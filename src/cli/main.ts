#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { serveCommand } from './serve.ts'
import { statusCommand } from './status.ts'
import { userCommand } from './user.ts'

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }

const program = new Command('smbkit')
  .description('SMB 2 and 3 file server')
  .version(manifest.version)
  .showHelpAfterError('(add --help for help)')
  .addCommand(serveCommand())
  .addCommand(userCommand())
  .addCommand(statusCommand())

await program.parseAsync()
