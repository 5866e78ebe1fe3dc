import { AccessMask } from '../../wire/dtyp/index.ts'

const { FILE_READ_ATTRIBUTES, FILE_WRITE_ATTRIBUTES, READ_CONTROL, SYNCHRONIZE } = AccessMask

const ATTRIBUTES = FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES | SYNCHRONIZE

/** Access to what is beside the data: no cache stands in its way, of whatever kind (MS-FSA 2.1.4.12, OPEN). */
export const onlyLooks = (access: number): boolean => (access & ~ATTRIBUTES) === 0

/** The same with the security descriptor: that is in the way of oplocks, not of leases. */
export const onlyLooksAround = (access: number): boolean => (access & ~(ATTRIBUTES | READ_CONTROL)) === 0
