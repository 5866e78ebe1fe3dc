import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { systemReason } from '../../config/config-error.ts'
import { KeyRing, readSecrets } from '../../trace/index.ts'
import { nodeCiphers } from '../../trace/node/index.ts'
import { UsageError } from '../report.ts'

/** What sealed messages are opened with, as it is given at the command line. */
export interface KeyOptions {
  readonly key?: readonly string[]
  readonly keyList?: readonly string[]
  readonly password?: readonly string[]
  readonly ntHash?: readonly string[]
  readonly keytab?: readonly string[]
}

const gather = (text: string, before: readonly string[] = []): string[] => [...before, text]

/** Adds the options; each may be given several times. */
export function addKeyOptions(command: Command): Command {
  return command
    .option('--key <id:key>', 'session id (16 hexadecimal digits as on the wire, or 0x…) and session key', gather)
    .option('--key-list <file>', "Wireshark's list of session keys (smb2_seskey_list)", gather)
    .option('--password <password>', 'password of an account that logs on with NTLM', gather)
    .option('--nt-hash <hash>', 'NT hash of such an account, 32 hexadecimal digits', gather)
    .option('--keytab <file>', 'key table of the server, for logons with Kerberos', gather)
}

/** @throws UsageError for a file that cannot be read, SecretError for what is no key */
export function keyRingOf(options: KeyOptions): KeyRing {
  const secrets = readSecrets({
    keys: options.key ?? [],
    keyLists: (options.keyList ?? []).map((path) => contents(path).toString('utf8')),
    passwords: options.password ?? [],
    ntHashes: options.ntHash ?? [],
    keytabs: (options.keytab ?? []).map(contents),
  })
  return new KeyRing(secrets, nodeCiphers())
}

function contents(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new UsageError(`${path}: cannot be read: ${systemReason(error)}`, { cause: error })
  }
}
