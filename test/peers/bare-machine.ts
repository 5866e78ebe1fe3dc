/** Machines on which something is missing that Kerberos needs, as the environment of a program makes them. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface BareMachine {
  readonly name: string
  readonly environment: Readonly<Record<string, string>>
  /** What the program says that is to be installed. */
  readonly sentence: RegExp
}

/** What they need is put into a folder. */
export function bareMachines(folder: string): BareMachine[] {
  const libraries = join(folder, 'no-libraries')
  mkdirSync(libraries)
  // A file that is no library stands where the loader looks first.
  writeFileSync(join(libraries, 'libgssapi_krb5.so.2'), 'no library\n')
  return [
    {
      name: 'without koffi',
      environment: { NODE_OPTIONS: `--import=${join(import.meta.dirname, 'hide-koffi.ts')}` },
      sentence: /Kerberos needs the package koffi: npm install koffi/,
    },
    {
      name: 'without libgssapi-krb5',
      environment: { LD_LIBRARY_PATH: libraries },
      sentence: /Kerberos needs MIT Kerberos \(libgssapi_krb5\.so\.2\): on Debian, apt-get install libgssapi-krb5-2/,
    },
  ]
}
