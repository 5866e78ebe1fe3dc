/** Names on a share and names on this machine's disk: what one may not have, the other may. */

/** Longest name on a share, in UTF-16 units (MS-FSCC 2.1.5.2). */
const maxShareNameUnits = 255
/** Longest name on nearly every disk but those of Windows and macOS, in bytes of UTF-8. */
const maxLocalNameBytes = 255

/**
 * Characters that no name on a share may have travel in the private-use area, as macOS writes them and Linux reads them:
 * the first 31 by their number, the others in this order from U+F020, a blank and a period at the end of a name last.
 */
const mapped = '"*:<>?\\|'
const firstMapped = 0xf020
const endBlank = 0xf028
const endPeriod = 0xf029
const firstControl = 0xf001
const lastControl = 0xf01f

/** Names that Windows takes for devices, with any ending. */
const devices = /^(?:con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3]|conin\$|conout\$)(?:\.|$)/i

/** A name, or why there is none. */
export type Name = { readonly name: string } | { readonly problem: string }

/**
 * What a file of a share is called on this disk. Servers are hostile: nothing that comes out of this leads anywhere but
 * to an entry of the folder in which it is put.
 */
export function localName(name: string, platform: NodeJS.Platform = process.platform): Name {
  if (/[\\/]/.test(name)) return { problem: 'its name has a separator in it' }
  if (name.includes('\0')) return { problem: 'its name has a NUL in it' }
  const local = platform === 'win32' ? name : unmapped(name)
  // Looked at as it will be used: the mapped period would otherwise make a `..` again.
  if (local === '' || local === '.' || local === '..') return { problem: 'its name would lead out of the folder' }
  if (local.includes('/')) return { problem: 'its name has a separator in it' }
  if (platform === 'win32') return windowsName(local)
  if (!local.isWellFormed()) return { problem: 'its name has half a character in it' }
  if (platform !== 'darwin' && Buffer.byteLength(local) > maxLocalNameBytes)
    return { problem: `its name is too long for this disk: more than ${maxLocalNameBytes} bytes` }
  return { name: local }
}

function windowsName(name: string): Name {
  if (/[<>:"|?*\u0001-\u001f]/.test(name)) return { problem: 'its name has characters that Windows does not allow' }
  if (/[ .]$/.test(name)) return { problem: 'its name ends in a way that Windows does not allow' }
  return devices.test(name) ? { problem: 'its name is that of a device' } : { name }
}

/** What a file of this disk is called on a share. */
export function shareName(name: string): Name {
  if (name === '' || name === '.' || name === '..') return { problem: 'a share has no such name' }
  if (!name.isWellFormed()) return { problem: 'its name is not UTF-8' }
  // What Node shows for bytes that are no UTF-8: the file could not even be opened by this name.
  if (name.includes('\ufffd')) return { problem: 'its name is not UTF-8' }
  const body = [...name].map((character) => {
    const code = character.codePointAt(0) ?? 0
    if (code < 0x20) return String.fromCharCode(firstControl - 1 + code)
    const index = mapped.indexOf(character)
    return index < 0 ? character : String.fromCharCode(firstMapped + index)
  })
  const last = body.at(-1)
  if (last === ' ') body[body.length - 1] = String.fromCharCode(endBlank)
  if (last === '.') body[body.length - 1] = String.fromCharCode(endPeriod)
  const shared = body.join('')
  if (shared.length > maxShareNameUnits)
    return { problem: `its name is too long for a share: more than ${maxShareNameUnits} characters` }
  return { name: shared }
}

function unmapped(name: string): string {
  let text = ''
  for (const character of name) {
    const code = character.codePointAt(0) ?? 0
    if (code >= firstControl && code <= lastControl) text += String.fromCharCode(code - firstControl + 1)
    else if (code >= firstMapped && code < firstMapped + mapped.length) text += mapped.charAt(code - firstMapped)
    else if (code === endBlank) text += ' '
    else if (code === endPeriod) text += '.'
    else text += character
  }
  return text
}
