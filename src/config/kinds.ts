import { z } from 'zod'
import { parseSddl, SddlError } from '../wire/dtyp/index.ts'
import { wholeNumber } from './choices.ts'

/** Text that is not empty; `what`: for the sentence that says what is wrong. */
export const text = (what: string) =>
  z.string({ error: `must be ${what}` }).check((context) => {
    if (context.value === '') context.issues.push({ code: 'custom', message: `must be ${what}`, input: context.value })
  })

/** One of a few words. */
export const oneOf = <const T extends readonly [string, ...string[]]>(choices: T) =>
  z.enum(choices, { error: (issue) => `must be one of ${choices.join(', ')}${instead(issue.input)}` })

/** `true` or `false`. */
export const flag = z
  .enum(['true', 'false'], { error: (issue) => `must be true or false${instead(issue.input)}` })
  .transform((value) => value === 'true')

/** A whole number within bounds. */
export const integer = (least: number, most: number) =>
  z.string({ error: `must be a whole number from ${least} to ${most}` }).transform((value, context) => {
    const number = wholeNumber(value, least, most)
    if (number !== undefined) return number
    const message = `must be a whole number from ${least} to ${most}${instead(value)}`
    context.issues.push({ code: 'custom', message, input: value })
    return z.NEVER
  })

const instead = (input: unknown): string => (typeof input === 'string' && input !== '' ? `, is ${input}` : '')

/** Keys with values, and no others. */
export const block = <T extends z.core.$ZodShape>(what: string, shape: T) =>
  z.strictObject(shape, { error: (issue) => (issue.code === 'invalid_type' ? `must be ${what}` : undefined) })

/** A security descriptor in SDDL; kept as the text that it is. */
export const sddl = z.string({ error: 'must be a descriptor in SDDL' }).check((context) => {
  try {
    parseSddl(context.value)
  } catch (error) {
    if (!(error instanceof SddlError)) throw error
    context.issues.push({ code: 'custom', message: `is no SDDL: ${error.message}`, input: context.value })
  }
})
