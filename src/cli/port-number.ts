import { InvalidArgumentError } from 'commander'
import { maxPort, wholeNumber } from '../config/choices.ts'

/** @throws InvalidArgumentError, which commander shows with the option's name */
export function portNumber(text: string): number {
  const port = wholeNumber(text, 0, maxPort)
  if (port === undefined) throw new InvalidArgumentError(`A port is a whole number from 0 to ${maxPort}.`)
  return port
}
