/** Whether a server belongs to a domain, MS-DSSP 3.2.5. On the pipe lsarpc. */
import { guid, struct, u16, u32, union, unique, wideString } from '../ndr/index.ts'
import { op, rpcInterface } from '../operation.ts'

/** MS-DSSP 2.2.1. */
export const MachineRole = { STANDALONE_SERVER: 2, MEMBER_SERVER: 3 } as const

/** Asked of `DsRolerGetPrimaryDomainInformation`, MS-DSSP 2.2.6. */
export const RoleInformationLevel = { BASIC: 1, UPGRADE_STATUS: 2, OPERATION_STATE: 3 } as const

const RoleInformation = union('DSROLER_PRIMARY_DOMAIN_INFORMATION', u16, {
  [RoleInformationLevel.BASIC]: struct('DSROLER_PRIMARY_DOMAIN_INFO_BASIC', {
    machineRole: u16,
    flags: u32,
    domainNameFlat: unique(wideString),
    domainNameDns: unique(wideString),
    domainForestName: unique(wideString),
    domainGuid: guid,
  }),
  [RoleInformationLevel.UPGRADE_STATUS]: struct('DSROLE_UPGRADE_STATUS_INFO', {
    operationState: u32,
    previousServerState: u16,
  }),
  [RoleInformationLevel.OPERATION_STATE]: struct('DSROLE_OPERATION_STATE_INFO', { operationState: u16 }),
})

export const Dssetup = rpcInterface(
  'dssetup',
  { uuid: '3919286a-b10c-11d0-9ba8-00c04fd92ef5', version: '0.0', pipe: 'lsarpc' },
  {
    /** MS-DSSP 3.2.5.1. Results are Win32 codes. */
    DsRolerGetPrimaryDomainInformation: op(0, 'DsRolerGetPrimaryDomainInformation', {
      in: { informationLevel: u16 },
      out: { information: unique(RoleInformation), result: u32 },
    }),
  },
)
