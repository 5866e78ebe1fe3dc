/** The service control manager, MS-SCMR 3.1.4: what is asked of it, and what is tried first. Results are Win32 codes. */
import { conformantArray, conformantBytes, contextHandle, struct, u32, unique, wideString } from '../ndr/index.ts'
import { op, rpcInterface } from '../operation.ts'

/** MS-SCMR 2.2.47. */
export const ServiceState = { STOPPED: 1, RUNNING: 4 } as const
/** SERVICE_WIN32_SHARE_PROCESS, SERVICE_AUTO_START (MS-SCMR 2.2.15). */
export const ServiceKind = { SHARE_PROCESS: 0x20, AUTO_START: 2 } as const

/** SERVICE_STATUS, MS-SCMR 2.2.47. */
export const ServiceStatus = struct('SERVICE_STATUS', {
  serviceType: u32,
  currentState: u32,
  controlsAccepted: u32,
  win32ExitCode: u32,
  serviceSpecificExitCode: u32,
  checkPoint: u32,
  waitHint: u32,
})

const text = unique(wideString)

/** QUERY_SERVICE_CONFIGW, MS-SCMR 2.2.15. */
export const ServiceConfig = struct('QUERY_SERVICE_CONFIGW', {
  serviceType: u32,
  startType: u32,
  errorControl: u32,
  binaryPathName: text,
  loadOrderGroup: text,
  tagId: u32,
  dependencies: text,
  serviceStartName: text,
  displayName: text,
})

const opened = { handle: contextHandle, result: u32 } as const
const kinds = { serviceType: u32, startType: u32, errorControl: u32 } as const
/** What a service depends on, and the password of its account: bytes, and how many. */
const logon = {
  dependencies: unique(conformantBytes),
  dependenciesBytes: u32,
  serviceStartName: text,
  password: unique(conformantBytes),
  passwordBytes: u32,
} as const

export const Svcctl = rpcInterface(
  'svcctl',
  { uuid: '367abb81-9844-35f1-ad32-98f038001003', version: '2.0', pipe: 'svcctl' },
  {
    /** MS-SCMR 3.1.4.1. */
    RCloseServiceHandle: op(0, 'RCloseServiceHandle', { in: { handle: contextHandle }, out: opened }),
    /** MS-SCMR 3.1.4.2. */
    RControlService: op(1, 'RControlService', {
      in: { service: contextHandle, control: u32 },
      out: { serviceStatus: ServiceStatus, result: u32 },
    }),
    /** MS-SCMR 3.1.4.3. */
    RDeleteService: op(2, 'RDeleteService', { in: { service: contextHandle }, out: { result: u32 } }),
    /** MS-SCMR 3.1.4.5. */
    RQueryServiceObjectSecurity: op(4, 'RQueryServiceObjectSecurity', {
      in: { service: contextHandle, securityInformation: u32, bufferBytes: u32 },
      out: { buffer: conformantBytes, bytesNeeded: u32, result: u32 },
    }),
    /** MS-SCMR 3.1.4.6. */
    RSetServiceObjectSecurity: op(5, 'RSetServiceObjectSecurity', {
      in: { service: contextHandle, securityInformation: u32, descriptor: conformantBytes, descriptorBytes: u32 },
      out: { result: u32 },
    }),
    /** MS-SCMR 3.1.4.7. */
    RQueryServiceStatus: op(6, 'RQueryServiceStatus', {
      in: { service: contextHandle },
      out: { serviceStatus: ServiceStatus, result: u32 },
    }),
    /** MS-SCMR 3.1.4.11. */
    RChangeServiceConfigW: op(11, 'RChangeServiceConfigW', {
      in: {
        service: contextHandle,
        ...kinds,
        binaryPathName: text,
        loadOrderGroup: text,
        tagId: unique(u32),
        ...logon,
        displayName: text,
      },
      out: { tagId: unique(u32), result: u32 },
    }),
    /** MS-SCMR 3.1.4.12. */
    RCreateServiceW: op(12, 'RCreateServiceW', {
      in: {
        manager: contextHandle,
        serviceName: wideString,
        displayName: text,
        desiredAccess: u32,
        ...kinds,
        binaryPathName: wideString,
        loadOrderGroup: text,
        tagId: unique(u32),
        ...logon,
      },
      out: { tagId: unique(u32), service: contextHandle, result: u32 },
    }),
    /** MS-SCMR 3.1.4.13. */
    REnumDependentServicesW: op(13, 'REnumDependentServicesW', {
      in: { service: contextHandle, serviceState: u32, bufferBytes: u32 },
      out: { buffer: conformantBytes, bytesNeeded: u32, servicesReturned: u32, result: u32 },
    }),
    /** MS-SCMR 3.1.4.14. The bytes are as in memory: structures, and behind them the texts that their offsets name. */
    REnumServicesStatusW: op(14, 'REnumServicesStatusW', {
      in: { manager: contextHandle, serviceType: u32, serviceState: u32, bufferBytes: u32, resumeIndex: unique(u32) },
      out: {
        buffer: conformantBytes,
        bytesNeeded: u32,
        servicesReturned: u32,
        resumeIndex: unique(u32),
        result: u32,
      },
    }),
    /** MS-SCMR 3.1.4.15. */
    ROpenSCManagerW: op(15, 'ROpenSCManagerW', {
      in: { machineName: text, databaseName: text, desiredAccess: u32 },
      out: opened,
    }),
    /** MS-SCMR 3.1.4.16. */
    ROpenServiceW: op(16, 'ROpenServiceW', {
      in: { manager: contextHandle, serviceName: wideString, desiredAccess: u32 },
      out: opened,
    }),
    /** MS-SCMR 3.1.4.17. */
    RQueryServiceConfigW: op(17, 'RQueryServiceConfigW', {
      in: { service: contextHandle, bufferBytes: u32 },
      out: { serviceConfig: ServiceConfig, bytesNeeded: u32, result: u32 },
    }),
    /** MS-SCMR 3.1.4.20. */
    RGetServiceDisplayNameW: op(20, 'RGetServiceDisplayNameW', {
      in: { manager: contextHandle, serviceName: wideString, room: u32 },
      out: { displayName: wideString, length: u32, result: u32 },
    }),
    /** MS-SCMR 3.1.4.19. */
    RStartServiceW: op(19, 'RStartServiceW', {
      in: { service: contextHandle, argc: u32, argv: unique(conformantArray(struct('STRING_PTRSW', { text }))) },
      out: { result: u32 },
    }),
    /** MS-SCMR 3.1.4.35. Level 1: what the service is for, as in memory. */
    RQueryServiceConfig2W: op(39, 'RQueryServiceConfig2W', {
      in: { service: contextHandle, infoLevel: u32, bufferBytes: u32 },
      out: { buffer: conformantBytes, bytesNeeded: u32, result: u32 },
    }),
    /** MS-SCMR 3.1.4.36. Level 0: SERVICE_STATUS_PROCESS, as in memory. */
    RQueryServiceStatusEx: op(40, 'RQueryServiceStatusEx', {
      in: { service: contextHandle, infoLevel: u32, bufferBytes: u32 },
      out: { buffer: conformantBytes, bytesNeeded: u32, result: u32 },
    }),
  },
)
