/**
 * Interfaces of DCE/RPC that are met on pipes of SMB and beside it: their UUIDs, and the names of their operations in
 * the order of their numbers, as the document of each has them. A dash stands for numbers that are not used on the wire.
 */
import type { Guid } from '../../bytes/guid.ts'

interface Row {
  /** As filters and people know it; mostly the name of its pipe. */
  readonly name: string
  readonly spec: string
  readonly operations: readonly string[]
  /** The number of the first operation in the list. */
  readonly first: number
}

const row = (name: string, spec: string, operations = '', first = 0): Row => ({
  name,
  spec,
  operations: operations.split(/\s+/).filter((operation) => operation !== ''),
  first,
})

const rows: Readonly<Record<Guid, Row>> = {
  '4b324fc8-1670-01d3-1278-5a47bf6ee188': row(
    'srvsvc',
    'MS-SRVS 3.1.4',
    `NetrConnectionEnum NetrFileEnum NetrFileGetInfo NetrFileClose NetrSessionEnum NetrSessionDel NetrShareAdd
    NetrShareEnum NetrShareGetInfo NetrShareSetInfo NetrShareDel NetrShareDelSticky NetrShareCheck NetrServerGetInfo
    NetrServerSetInfo NetrServerDiskEnum NetrServerStatisticsGet NetrServerTransportAdd NetrServerTransportEnum
    NetrServerTransportDel NetrRemoteTOD - NetprPathType NetprPathCanonicalize NetprPathCompare NetprNameValidate
    NetprNameCanonicalize NetprNameCompare NetrShareEnumSticky NetrShareDelStart NetrShareDelCommit
    NetrpGetFileSecurity NetrpSetFileSecurity NetrServerTransportAddEx - NetrDfsGetVersion
    NetrDfsCreateLocalPartition NetrDfsDeleteLocalPartition NetrDfsSetLocalVolumeState - NetrDfsCreateExitPoint
    NetrDfsDeleteExitPoint NetrDfsModifyPrefix NetrDfsFixLocalVolume NetrDfsManagerReportSiteInfo
    NetrServerTransportDelEx NetrServerAliasAdd NetrServerAliasEnum NetrServerAliasDel NetrShareDelEx`,
    8,
  ),
  '6bffd098-a112-3610-9833-46c3f87e345a': row(
    'wkssvc',
    'MS-WKST 3.2.4',
    `NetrWkstaGetInfo NetrWkstaSetInfo NetrWkstaUserEnum - - NetrWkstaTransportEnum NetrWkstaTransportAdd
    NetrWkstaTransportDel NetrUseAdd NetrUseGetInfo NetrUseDel NetrUseEnum - NetrWorkstationStatisticsGet - - - - - -
    NetrGetJoinInformation - NetrJoinDomain2 NetrUnjoinDomain2 NetrRenameMachineInDomain2 NetrValidateName2
    NetrGetJoinableOUs2 NetrAddAlternateComputerName NetrRemoveAlternateComputerName NetrSetPrimaryComputerName
    NetrEnumerateComputerNames`,
  ),
  '12345778-1234-abcd-ef00-0123456789ab': row(
    'lsarpc',
    'MS-LSAD 3.1.4, MS-LSAT 3.1.4',
    `LsarClose - LsarEnumeratePrivileges LsarQuerySecurityObject LsarSetSecurityObject - LsarOpenPolicy
    LsarQueryInformationPolicy LsarSetInformationPolicy - LsarCreateAccount LsarEnumerateAccounts
    LsarCreateTrustedDomain LsarEnumerateTrustedDomains LsarLookupNames LsarLookupSids LsarCreateSecret
    LsarOpenAccount LsarEnumeratePrivilegesAccount LsarAddPrivilegesToAccount LsarRemovePrivilegesFromAccount - -
    LsarGetSystemAccessAccount LsarSetSystemAccessAccount LsarOpenTrustedDomain LsarQueryInfoTrustedDomain
    LsarSetInformationTrustedDomain LsarOpenSecret LsarSetSecret LsarQuerySecret LsarLookupPrivilegeValue
    LsarLookupPrivilegeName LsarLookupPrivilegeDisplayName LsarDeleteObject LsarEnumerateAccountsWithUserRight
    LsarEnumerateAccountRights LsarAddAccountRights LsarRemoveAccountRights LsarQueryTrustedDomainInfo
    LsarSetTrustedDomainInfo LsarDeleteTrustedDomain LsarStorePrivateData LsarRetrievePrivateData LsarOpenPolicy2
    LsarGetUserName LsarQueryInformationPolicy2 LsarSetInformationPolicy2 LsarQueryTrustedDomainInfoByName
    LsarSetTrustedDomainInfoByName LsarEnumerateTrustedDomainsEx LsarCreateTrustedDomainEx -
    LsarQueryDomainInformationPolicy LsarSetDomainInformationPolicy LsarOpenTrustedDomainByName - LsarLookupSids2
    LsarLookupNames2 LsarCreateTrustedDomainEx2 - - - - - - - - LsarLookupNames3 - - - - LsarQueryForestTrustInformation
    LsarSetForestTrustInformation - LsarLookupSids3 LsarLookupNames4`,
  ),
  '12345778-1234-abcd-ef00-0123456789ac': row(
    'samr',
    'MS-SAMR 3.1.5',
    `SamrConnect SamrCloseHandle SamrSetSecurityObject SamrQuerySecurityObject - SamrLookupDomainInSamServer
    SamrEnumerateDomainsInSamServer SamrOpenDomain SamrQueryInformationDomain SamrSetInformationDomain
    SamrCreateGroupInDomain SamrEnumerateGroupsInDomain SamrCreateUserInDomain SamrEnumerateUsersInDomain
    SamrCreateAliasInDomain SamrEnumerateAliasesInDomain SamrGetAliasMembership SamrLookupNamesInDomain
    SamrLookupIdsInDomain SamrOpenGroup SamrQueryInformationGroup SamrSetInformationGroup SamrAddMemberToGroup
    SamrDeleteGroup SamrRemoveMemberFromGroup SamrGetMembersInGroup SamrSetMemberAttributesOfGroup SamrOpenAlias
    SamrQueryInformationAlias SamrSetInformationAlias SamrDeleteAlias SamrAddMemberToAlias
    SamrRemoveMemberFromAlias SamrGetMembersInAlias SamrOpenUser SamrDeleteUser SamrQueryInformationUser
    SamrSetInformationUser SamrChangePasswordUser SamrGetGroupsForUser SamrQueryDisplayInformation
    SamrGetDisplayEnumerationIndex - - SamrGetUserDomainPasswordInformation SamrRemoveMemberFromForeignDomain
    SamrQueryInformationDomain2 SamrQueryInformationUser2 SamrQueryDisplayInformation2
    SamrGetDisplayEnumerationIndex2 SamrCreateUser2InDomain SamrQueryDisplayInformation3
    SamrAddMultipleMembersToAlias SamrRemoveMultipleMembersFromAlias SamrOemChangePasswordUser2
    SamrUnicodeChangePasswordUser2 SamrGetDomainPasswordInformation SamrConnect2 SamrSetInformationUser2 - - -
    SamrConnect4 - SamrConnect5 SamrRidToSid SamrSetDSRMPassword SamrValidatePassword`,
  ),
  '12345678-1234-abcd-ef00-01234567cffb': row(
    'netlogon',
    'MS-NRPC 3.5.4',
    `NetrLogonUasLogon NetrLogonUasLogoff NetrLogonSamLogon NetrLogonSamLogoff NetrServerReqChallenge
    NetrServerAuthenticate NetrServerPasswordSet NetrDatabaseDeltas NetrDatabaseSync NetrAccountDeltas
    NetrAccountSync NetrGetDCName NetrLogonControl NetrGetAnyDCName NetrLogonControl2 NetrServerAuthenticate2
    NetrDatabaseSync2 NetrDatabaseRedo NetrLogonControl2Ex NetrEnumerateTrustedDomains DsrGetDcName
    NetrLogonGetCapabilities NetrLogonSetServiceBits NetrLogonGetTrustRid NetrLogonComputeServerDigest
    NetrLogonComputeClientDigest NetrServerAuthenticate3 DsrGetDcNameEx DsrGetSiteName NetrLogonGetDomainInfo
    NetrServerPasswordSet2 NetrServerPasswordGet NetrLogonSendToSam DsrAddressToSiteNamesW DsrGetDcNameEx2 -
    NetrEnumerateTrustedDomainsEx DsrAddressToSiteNamesExW DsrGetDcSiteCoverageW NetrLogonSamLogonEx
    DsrEnumerateDomainTrusts DsrDeregisterDnsHostRecords NetrServerTrustPasswordsGet DsrGetForestTrustInformation
    NetrGetForestTrustInformation NetrLogonSamLogonWithFlags NetrServerGetTrustInfo`,
  ),
  '367abb81-9844-35f1-ad32-98f038001003': row(
    'svcctl',
    'MS-SCMR 3.1.4',
    `RCloseServiceHandle RControlService RDeleteService RLockServiceDatabase RQueryServiceObjectSecurity
    RSetServiceObjectSecurity RQueryServiceStatus RSetServiceStatus RUnlockServiceDatabase RNotifyBootConfigStatus -
    RChangeServiceConfigW RCreateServiceW REnumDependentServicesW REnumServicesStatusW ROpenSCManagerW
    ROpenServiceW RQueryServiceConfigW RQueryServiceLockStatusW RStartServiceW RGetServiceDisplayNameW
    RGetServiceKeyNameW - RChangeServiceConfigA RCreateServiceA REnumDependentServicesA REnumServicesStatusA
    ROpenSCManagerA ROpenServiceA RQueryServiceConfigA RQueryServiceLockStatusA RStartServiceA
    RGetServiceDisplayNameA RGetServiceKeyNameA - REnumServiceGroupW RChangeServiceConfig2A RChangeServiceConfig2W
    RQueryServiceConfig2A RQueryServiceConfig2W RQueryServiceStatusEx REnumServicesStatusExA
    REnumServicesStatusExW - RCreateServiceWOW64A RCreateServiceWOW64W - RNotifyServiceStatusChange
    RGetNotifyResults RCloseNotifyHandle RControlServiceExA RControlServiceExW - - - - RQueryServiceConfigEx`,
  ),
  '338cd001-2244-31f1-aaaa-900038001003': row(
    'winreg',
    'MS-RRP 3.1.5',
    `OpenClassesRoot OpenCurrentUser OpenLocalMachine OpenPerformanceData OpenUsers BaseRegCloseKey BaseRegCreateKey
    BaseRegDeleteKey BaseRegDeleteValue BaseRegEnumKey BaseRegEnumValue BaseRegFlushKey BaseRegGetKeySecurity
    BaseRegLoadKey - BaseRegOpenKey BaseRegQueryInfoKey BaseRegQueryValue BaseRegReplaceKey BaseRegRestoreKey
    BaseRegSaveKey BaseRegSetKeySecurity BaseRegSetValue BaseRegUnLoadKey - - BaseRegGetVersion OpenCurrentConfig -
    BaseRegQueryMultipleValues - BaseRegSaveKeyEx OpenPerformanceText OpenPerformanceNlsText
    BaseRegQueryMultipleValues2 BaseRegDeleteKeyEx`,
  ),
  '12345678-1234-abcd-ef00-0123456789ab': row(
    'spoolss',
    'MS-RPRN 3.1.4',
    `RpcEnumPrinters RpcOpenPrinter RpcSetJob RpcGetJob RpcEnumJobs RpcAddPrinter RpcDeletePrinter RpcSetPrinter
    RpcGetPrinter RpcAddPrinterDriver RpcEnumPrinterDrivers RpcGetPrinterDriver RpcGetPrinterDriverDirectory
    RpcDeletePrinterDriver RpcAddPrintProcessor RpcEnumPrintProcessors RpcGetPrintProcessorDirectory
    RpcStartDocPrinter RpcStartPagePrinter RpcWritePrinter RpcEndPagePrinter RpcAbortPrinter RpcReadPrinter
    RpcEndDocPrinter RpcAddJob RpcScheduleJob RpcGetPrinterData RpcSetPrinterData RpcWaitForPrinterChange
    RpcClosePrinter RpcAddForm RpcDeleteForm RpcGetForm RpcSetForm RpcEnumForms RpcEnumPorts RpcEnumMonitors
    RpcAddPort RpcConfigurePort RpcDeletePort RpcCreatePrinterIC RpcPlayGdiScriptOnPrinterIC RpcDeletePrinterIC - - -
    RpcAddMonitor RpcDeleteMonitor RpcDeletePrintProcessor - - RpcEnumPrintProcessorDatatypes RpcResetPrinter
    RpcGetPrinterDriver2 - RpcFindClosePrinterChangeNotification - -
    RpcReplyOpenPrinter RpcRouterReplyPrinter RpcReplyClosePrinter RpcAddPortEx
    RpcRemoteFindFirstPrinterChangeNotification - - RpcRemoteFindFirstPrinterChangeNotificationEx
    RpcRouterReplyPrinterEx RpcRouterRefreshPrinterChangeNotification - RpcOpenPrinterEx RpcAddPrinterEx RpcSetPort
    RpcEnumPrinterData RpcDeletePrinterData - - - RpcSetPrinterDataEx RpcGetPrinterDataEx RpcEnumPrinterDataEx
    RpcEnumPrinterKey RpcDeletePrinterDataEx RpcDeletePrinterKey - RpcDeletePrinterDriverEx
    RpcAddPerMachineConnection RpcDeletePerMachineConnection RpcEnumPerMachineConnections RpcXcvData
    RpcAddPrinterDriverEx`,
  ),
  'e1af8308-5d1f-11c9-91a4-08002b14a0fa': row(
    'epm',
    'C706 appendix O',
    'ept_insert ept_delete ept_lookup ept_map ept_lookup_handle_free ept_inq_object ept_mgmt_delete',
  ),
  'e3514235-4b06-11d1-ab04-00c04fc2dcd2': row(
    'drsuapi',
    'MS-DRSR 4.1',
    `IDL_DRSBind IDL_DRSUnbind IDL_DRSReplicaSync IDL_DRSGetNCChanges IDL_DRSUpdateRefs IDL_DRSReplicaAdd
    IDL_DRSReplicaDel IDL_DRSReplicaModify IDL_DRSVerifyNames IDL_DRSGetMemberships IDL_DRSInterDomainMove
    IDL_DRSGetNT4ChangeLog IDL_DRSCrackNames IDL_DRSWriteSPN IDL_DRSRemoveDsServer IDL_DRSRemoveDsDomain
    IDL_DRSDomainControllerInfo IDL_DRSAddEntry IDL_DRSExecuteKCC IDL_DRSGetReplInfo IDL_DRSAddSidHistory
    IDL_DRSGetMemberships2 IDL_DRSReplicaVerifyObjects IDL_DRSGetObjectExistence IDL_DRSQuerySitesByCost`,
  ),
  '3919286a-b10c-11d0-9ba8-00c04fd92ef5': row('dssetup', 'MS-DSSP 3.2.5', 'DsRolerGetPrimaryDomainInformation'),
  '4fc742e0-4a10-11cf-8273-00aa004ae673': row(
    'netdfs',
    'MS-DFSNM 3.1.4',
    `NetrDfsManagerGetVersion NetrDfsAdd NetrDfsRemove NetrDfsSetInfo NetrDfsGetInfo NetrDfsEnum NetrDfsMove - - -
    NetrDfsAddFtRoot NetrDfsRemoveFtRoot NetrDfsAddStdRoot NetrDfsRemoveStdRoot NetrDfsManagerInitialize
    NetrDfsAddStdRootForced NetrDfsGetDcAddress NetrDfsSetDcAddress NetrDfsFlushFtTable NetrDfsAdd2
    NetrDfsRemove2 NetrDfsEnumEx NetrDfsSetInfo2 NetrDfsAddRootTarget NetrDfsRemoveRootTarget
    NetrDfsGetSupportedNamespaceVersion`,
  ),
  '897e2e5f-93f3-4376-9c9c-fd2277495c27': row(
    'frs2',
    'MS-FRS2 3.2.4',
    `CheckConnectivity EstablishConnection EstablishSession RequestUpdates RequestVersionVector AsyncPoll
    RequestRecords UpdateCancel RawGetFileData RdcGetSignatures RdcPushSourceNeeds RdcGetFileData RdcClose
    InitializeFileTransferAsync - RawGetFileDataAsync RdcGetFileDataAsync RdcFileDataTransferKeepAlive`,
  ),
  '4bb8ab1d-9ef9-4100-8eb6-dd4b4e418b72': row('dfsrhelper', 'MS-DFSRH 3.1.5'),
  'f5cc59b4-4264-101a-8c59-08002b2f8426': row(
    'frsrpc',
    'MS-FRS1 3.3.4',
    'FrsRpcSendCommPkt FrsRpcVerifyPromotionParent FrsRpcStartPromotionParent FrsNOP',
  ),
  'd049b186-814f-11d1-9a3c-00c04fc9b232': row('frsapi', 'MS-FRS1 3.4.4'),
  '82273fdc-e32a-18c3-3f78-827929dc23ea': row(
    'eventlog',
    'MS-EVEN 3.1.4',
    `ElfrClearELFW ElfrBackupELFW ElfrCloseEL ElfrDeregisterEventSource ElfrNumberOfRecords ElfrOldestRecord
    ElfrChangeNotify ElfrOpenELW ElfrRegisterEventSourceW ElfrOpenBELW ElfrReadELW ElfrReportEventW ElfrClearELFA
    ElfrBackupELFA ElfrOpenELA ElfrRegisterEventSourceA ElfrOpenBELA ElfrReadELA ElfrReportEventA - - -
    ElfrGetLogInformation - ElfrReportEventAndSourceW ElfrReportEventExW ElfrReportEventExA`,
  ),
  'f6beaff7-1e19-4fbb-9f8f-b89e2018337c': row('eventlog6', 'MS-EVEN6 3.1.4'),
  '1ff70682-0a51-30e8-076d-740be8cee98b': row(
    'atsvc',
    'MS-TSCH 3.2.5.2',
    'NetrJobAdd NetrJobDel NetrJobEnum NetrJobGetInfo',
  ),
  '86d35949-83c9-4044-b424-db363231fd0c': row(
    'taskschedulerservice',
    'MS-TSCH 3.2.5.4',
    `SchRpcHighestVersion SchRpcRegisterTask SchRpcRetrieveTask SchRpcCreateFolder SchRpcSetSecurity
    SchRpcGetSecurity SchRpcEnumFolders SchRpcEnumTasks SchRpcEnumInstances SchRpcGetInstanceInfo
    SchRpcStopInstance SchRpcStop SchRpcRun SchRpcDelete SchRpcRename SchRpcScheduledRuntimes SchRpcGetLastRunInfo
    SchRpcGetTaskInfo SchRpcGetNumberOfMissedRuns SchRpcEnableTask`,
  ),
  '378e52b0-c0a9-11cf-822d-00aa0051e40f': row('sasec', 'MS-TSCH 3.2.5.3'),
  '894de0c0-0d55-11d3-a322-00c04fa321a1': row(
    'initshutdown',
    'MS-RSP 3.2.4',
    'BaseInitiateShutdown BaseAbortShutdown BaseInitiateShutdownEx',
  ),
  'd95afe70-a6d5-4259-822e-2c84da1ddb0d': row('winshutdown', 'MS-RSP 3.3.4', 'WsdrInitiateShutdown WsdrAbortShutdown'),
  '885d85fb-c754-4062-a0e7-68692ce04f43': row('mdssvc', 'MS-WSP'),
  'df1941c5-fe89-4e79-bf10-463657acf44d': row('efsrpc', 'MS-EFSR 3.1.4'),
  'c681d488-d850-11d0-8c52-00c04fd90f7e': row('efsrpc', 'MS-EFSR 3.1.4'),
  'a8e0653c-2744-4389-a61d-7373df8b2292': row('fsrvp', 'MS-FSRVP 3.1.4'),
  'afa8bd80-7d8a-11c9-bef4-08002b102989': row(
    'mgmt',
    'C706 appendix Q',
    `rpc__mgmt_inq_if_ids rpc__mgmt_inq_stats rpc__mgmt_is_server_listening rpc__mgmt_stop_server_listening
    rpc__mgmt_inq_princ_name`,
  ),
  '99fcfec4-5260-101b-bbcb-00aa0021347a': row(
    'IOXIDResolver',
    'MS-DCOM 3.1.2.5.1',
    'ResolveOxid SimplePing ComplexPing ServerAlive ResolveOxid2 ServerAlive2',
  ),
  '000001a0-0000-0000-c000-000000000046': row('ISystemActivator', 'MS-DCOM 3.1.2.5.2'),
  '8d9f4e40-a03d-11ce-8f69-08003e30051b': row('pnp', 'MS-PNP'),
  'a4f1db00-ca47-1067-b31f-00dd010662da': row('mapi', 'MS-OXCRPC'),
  'f5cc5a18-4264-101a-8c59-08002b2f8426': row('nspi', 'MS-NSPI'),
  '50abc2a4-574d-40b3-9d66-ee4fd5fba076': row('dnsserver', 'MS-DNSP'),
  '5ca4a760-ebb1-11cf-8611-00a0245420ed': row('winstation', 'MS-TSTS'),
  '76f03f96-cdfd-44fc-a22c-64950a001209': row('iremotewinspool', 'MS-PAR'),
}

/** `srvsvc`, or the UUID of an interface that is not in the table. */
export const interfaceName = (uuid: Guid): string => rows[uuid]?.name ?? uuid

/** The names of all interfaces of the table. */
export const interfaceNames: readonly string[] = [...new Set(Object.values(rows).map(({ name }) => name))]

/** Where an interface is described; undefined for unknown ones. */
export const interfaceSpec = (uuid: Guid): string | undefined => rows[uuid]?.spec

/** `NetrShareEnum`, or `operation 15`. */
export function operationName(uuid: Guid, operationNumber: number): string {
  const found = rows[uuid]
  const name = found?.operations[operationNumber - found.first]
  return name === undefined || name === '-' ? `operation ${operationNumber}` : name
}
