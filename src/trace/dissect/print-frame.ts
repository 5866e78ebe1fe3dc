import type { DissectedFrame, Field, Layer } from './field.ts'

/** Longest value that is printed on a line of its field. */
const maxDisplay = 200
const bytesInLine = 16

/** The tree of a frame as text: each field with its place and Wireshark's name, and the bytes of each layer. */
export function printFrame({ frame, timeNs, layers }: DissectedFrame, withBytes: boolean): string {
  const lines = [`Frame ${frame}, ${(timeNs / 1e9).toFixed(6)} s`]
  for (const layer of layers) {
    lines.push('', `${layer.protocol}: ${layer.title}`)
    for (const field of layer.fields) printField(field, 1, lines)
    if (withBytes) lines.push(...hexDump(layer))
  }
  return `${lines.join('\n')}\n`
}

function printField(field: Field, depth: number, lines: string[]): void {
  // A flag that is not set says little; the number above it has all of them.
  if (field.value === false && field.display === 'not set') return
  const indent = '  '.repeat(depth)
  const named = field.name === undefined || field.name === field.label ? field.label : `${field.label} (${field.name})`
  const shown = field.display === '' ? '' : `: ${cut(field.display)}`
  const problem = field.problem === undefined ? '' : `  !! ${field.problem}`
  // What is not in the packet is in square brackets, with the frame that it follows from.
  if (field.inferredFrom === undefined) lines.push(`${indent}${named}${shown}${problem}`)
  else lines.push(`${indent}[${named}${shown}, from frame ${field.inferredFrom}]`)
  for (const child of field.children) printField(child, depth + 1, lines)
}

const cut = (text: string): string => (text.length > maxDisplay ? `${text.slice(0, maxDisplay)}…` : text)

/** Offset, bytes in hexadecimal, and what of them is ASCII. */
function hexDump({ bytes }: Layer): string[] {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += bytesInLine) {
    const row = bytes.subarray(at, at + bytesInLine)
    const digits = Array.from(row, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const text = Array.from(row, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`  ${at.toString(16).padStart(4, '0')}  ${digits.padEnd(bytesInLine * 3)} ${text}`)
  }
  return lines
}
