import { type Command, InvalidArgumentError, Option } from 'commander'
import type { DialectName, Protection } from '../../client/api/options.ts'
import { dialectNames, type LmLevelChoice, lmLevels } from '../../config/choices.ts'
import { portNumber } from '../port-number.ts'
import type { WhoOptions } from './credentials.ts'

/** What every command that talks to a server takes. */
export interface ConnectionOptions extends WhoOptions {
  readonly port?: number
  readonly minDialect?: DialectName
  readonly maxDialect?: DialectName
  readonly signing?: Protection
  readonly encryption?: Protection
  readonly channels?: number
  readonly site?: string
  readonly timeout?: number
  readonly explain?: boolean
  readonly capture?: string
}

const protections: readonly Protection[] = ['required', 'preferred', 'off']

const help = `
Places:
  smb://[domain;]user@host[:port]/share/path, //host/share/path or \\\\host\\share\\path

The password comes from the file of --credentials, from the variable SMBKIT_PASSWORD, or is asked for at the terminal.

Exit code: 0 all was done, 1 it could not be done, 2 some of it could not, 130 ended by Ctrl-C.`

/** Adds these options, and what they mean, to a command. */
export function withConnection(command: Command): Command {
  return command
    .optionsGroup('Connection:')
    .option('-U, --user <name>', 'who logs on, also as DOMAIN\\name (default: you)')
    .option('-W, --domain <name>', 'domain of the user')
    .option('-A, --credentials <file>', 'file with lines username = ..., password = ..., domain = ...')
    .option('--ntlm-hash', 'what is given as the password is its NT hash, 32 hexadecimal digits')
    .option('--anonymous', 'log on as nobody')
    .option('--guest', 'be content with being a guest')
    .addOption(
      new Option('--kerberos <how>', 'Kerberos (default: preferred if KRB5CCNAME is set and no password is)').choices(
        protections,
      ),
    )
    .option('--ccache <cache>', 'credential cache with tickets (default: what KRB5CCNAME says)')
    .option('--keytab <file>', 'keytab with the key of the user, instead of a password')
    .option('--delegate', 'let the server act as the user elsewhere, by Kerberos')
    .option('--armor-cache <cache>', 'ticket that protects the exchange of the password with the KDC (FAST)')
    .option('--no-ntlm', 'Kerberos or nothing')
    .option('--lm-level <level>', 'LAN Manager authentication level, 0 to 5 (default: 5, NTLMv2 alone)', lmLevel)
    .option('--port <number>', 'port of the server (default: 445)', portNumber)
    .addOption(new Option('--min-dialect <dialect>', 'lowest dialect (default: 2.0.2)').choices(dialectNames))
    .addOption(new Option('--max-dialect <dialect>', 'highest dialect (default: 3.1.1)').choices(dialectNames))
    .addOption(new Option('--signing <how>', 'signatures (default: preferred)').choices(protections))
    .addOption(
      new Option('--encryption <how>', 'encryption (default: off unless the server wants it)').choices(protections),
    )
    .option('--channels <number>', 'connections for one session, at most (default: 1)', positive)
    .option('--site <name>', 'site of Active Directory that this machine stands in, for namespaces')
    .option('--timeout <seconds>', 'how long a silent server is waited for (default: 30)', seconds)
    .option('--explain', 'show each message, a line each, on standard error')
    .option('--capture <file>', 'write all messages, decrypted, to a file for Wireshark (pcapng)')
    .optionsGroup('Options:')
    .addHelpText('after', help)
}

function lmLevel(text: string): LmLevelChoice {
  const level = lmLevels.find((known) => String(known) === text)
  if (level === undefined) throw new InvalidArgumentError('It must be a number from 0 to 5.')
  return level
}

const maxTimeoutSeconds = 86_400
const maxCount = 1024

/** A whole number from 1. */
export function positive(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < 1 || number > maxCount)
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${maxCount}.`)
  return number
}

function seconds(text: string): number {
  const number = Number(text)
  if (!/^\d+(?:\.\d+)?$/.test(text) || number < 0.1 || number > maxTimeoutSeconds)
    throw new InvalidArgumentError(`It must be a number of seconds from 0.1 to ${maxTimeoutSeconds}.`)
  return number
}

/** For options that may be given several times. */
export const gathered = (text: string, before: readonly string[] = []): string[] => [...before, text]
