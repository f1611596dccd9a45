//! The methods of applets that the runtime calls, and the types it asks an applet for.

use hydra_cap::api::{ClassId, Virtual, class_id, virtual_method};

const APPLET: &str = "javacard/framework/Applet";

pub(crate) const PROCESS: Virtual =
    virtual_method(APPLET, "process", "(Ljavacard/framework/APDU;)V");
pub(crate) const SELECT: Virtual = virtual_method(APPLET, "select", "()Z");
pub(crate) const DESELECT: Virtual = virtual_method(APPLET, "deselect", "()V");
pub(crate) const GET_SHAREABLE: Virtual = virtual_method(
    APPLET,
    "getShareableInterfaceObject",
    "(Ljavacard/framework/AID;B)Ljavacard/framework/Shareable;",
);

pub(crate) const MULTI_SELECTABLE: ClassId = class_id("javacard/framework/MultiSelectable");
pub(crate) const MULTI_SELECT: Virtual =
    virtual_method("javacard/framework/MultiSelectable", "select", "(Z)Z");
pub(crate) const MULTI_DESELECT: Virtual =
    virtual_method("javacard/framework/MultiSelectable", "deselect", "(Z)V");

pub(crate) const APPLET_EVENT: ClassId = class_id("javacard/framework/AppletEvent");
pub(crate) const UNINSTALL: Virtual =
    virtual_method("javacard/framework/AppletEvent", "uninstall", "()V");

pub(crate) const APPLICATION: ClassId = class_id("org/globalplatform/Application");
pub(crate) const PROCESS_DATA: Virtual =
    virtual_method("org/globalplatform/Application", "processData", "([BSS)V");
pub(crate) const PERSONALIZATION: ClassId = class_id("org/globalplatform/Personalization");
pub(crate) const PROCESS_DATA_WITH_ANSWER: Virtual = virtual_method(
    "org/globalplatform/Personalization",
    "processData",
    "([BSS[BS)S",
);

pub(crate) const EXTENDED_LENGTH: ClassId = class_id("javacardx/apdu/ExtendedLength");
pub(crate) const ISO_EXCEPTION: ClassId = class_id("javacard/framework/ISOException");
