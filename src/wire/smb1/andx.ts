import { u8, u16 } from '../schema/index.ts'
import { NO_ANDX_COMMAND, Smb1Command } from './header.ts'

/** What the words of a command begin with that another may follow in the same message. MS-CIFS 2.2.3.4. */
export const andX = {
  /** Of the next command; 0xFF: there is none. */
  andXCommand: u8.oneOf(Smb1Command).or(NO_ANDX_COMMAND),
  andXReserved: u8.reserved,
  /** Where the next command's WordCount is, from the header. */
  andXOffset: u16.or(0),
} as const
