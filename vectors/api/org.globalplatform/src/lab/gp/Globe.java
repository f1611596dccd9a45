package lab.gp;

import javacard.framework.*;
import lab.cases.Cases;
import org.globalplatform.*;
import visa.openplatform.OPSystem;

/** org.globalplatform, and the states of visa.openplatform. Its secure channel is that of its security domain. */
public class Globe extends Cases implements Application {
    static final byte[] ISD = {(byte) 0xA0, 0, 0, 1, 0x51, 0, 0, 0};
    final byte[] bytes = new byte[32];
    SecureChannel channel;
    GPRegistryEntry entry;
    boolean early;
    short transientReason;
    byte personalLevel;

    public static void install(byte[] b, short o, byte l) {
        Globe applet = new Globe();
        applet.early = GPSystem.getSecureChannel() == null && GPSystem.getRegistryEntry(null) == null;
        applet.register();
    }

    /** Runs while the applet is not selected: what needs its selection is refused. */
    public void processData(byte[] b, short o, short l) {
        transientReason = 0;
        try { JCSystem.makeTransientByteArray((short) 1, JCSystem.CLEAR_ON_DESELECT); } catch (SystemException e) { transientReason = e.getReason(); }
        JCSystem.makeTransientByteArray((short) 1, JCSystem.CLEAR_ON_RESET);
        personalLevel = GPSystem.getSecureChannel().getSecurityLevel();
    }

    protected void run(byte which, APDU apdu) {
        if (channel == null) { channel = GPSystem.getSecureChannel(); entry = GPSystem.getRegistryEntry(null); }
        switch (which) {
        case 0x00: put(new GPSystem() != null); put(early); put(GPSystem.getCardState()); put(GPSystem.getCardContentState()); break;
        case 0x01: put(GPSystem.setCardContentState((byte) 0x17)); put(GPSystem.getCardContentState()); put(GPSystem.setCardContentState(GPSystem.APPLICATION_INSTALLED)); put(GPSystem.setCardContentState(GPSystem.APPLICATION_SELECTABLE)); put(GPSystem.getCardContentState()); break;
        case 0x02: put(GPSystem.getCVM(GPSystem.CVM_GLOBAL_PIN) == null); put(GPSystem.getService(null, (short) 0x8211) == null); break;
        case 0x03: put(GPSystem.lockCard()); put(GPSystem.terminateCard()); put(GPSystem.setATRHistBytes(bytes, O, (byte) 4)); put(GPSystem.getCardState()); break;
        case 0x06: put(GPSystem.lockCard()); put(GPSystem.getCardState()); break;
        case 0x07: put(GPSystem.terminateCard()); put(GPSystem.getCardState()); break;
        case 0x04: GPSystem.setATRHistBytes(null, O, (byte) 4); break;
        case 0x05: GPSystem.setATRHistBytes(bytes, (short) 30, (byte) 4); break;

        case 0x10: put(entry == GPSystem.getRegistryEntry(null)); put(entry == GPSystem.getRegistryEntry(JCSystem.getAID())); put(entry.getAID() == JCSystem.getAID()); put(entry.getState()); break;
        case 0x11: put(entry.getPrivileges(bytes, (short) 1)); put(bytes, (short) 1, (short) 3); put(entry.isPrivileged(GPRegistryEntry.PRIVILEGE_SECURITY_DOMAIN)); put(entry.isPrivileged((byte) 24)); put(entry.isPrivileged((byte) -1)); break;
        case 0x12: put(entry.isAssociated(new AID(ISD, O, (byte) 8))); put(entry.isAssociated(JCSystem.getAID())); break;
        case 0x13: entry.isAssociated(null); break;
        case 0x14: entry.getPrivileges(null, O); break;
        case 0x15: entry.getPrivileges(bytes, (short) 30); break;
        case 0x16: put(entry.setState((byte) 0x27)); put(entry.getState()); put(entry.setState((byte) 0x03)); put(entry.setState((byte) 0x07)); break;
        case 0x17: put(GPSystem.getRegistryEntry(new AID(ISD, O, (byte) 7)) == null); break;

        // Another application's entry: its AID, whether it is there, its state, whether it could be locked and unlocked.
        case 0x19: {
            byte[] b = apdu.getBuffer();
            byte n = (byte) apdu.setIncomingAndReceive();
            AID aid = JCSystem.lookupAID(b, ISO7816.OFFSET_CDATA, n);
            GPRegistryEntry other = GPSystem.getRegistryEntry(aid);
            put(other != null);
            if (other != null) { put(other.getAID() == aid); put(other.getState()); put(other.setState(GPSystem.APPLICATION_LOCKED)); put(other.getState()); put(other.setState((byte) 0x07)); put(other.getState()); }
            break; }

        case 0x1A: put(transientReason); put(personalLevel); break;

        case 0x20: put(channel == GPSystem.getSecureChannel()); put(channel.getSecurityLevel()); channel.resetSecurity(); break;
        case 0x21: bytes[0] = (byte) 0x84; bytes[4] = 2; put(channel.unwrap(bytes, O, (short) 7)); put(bytes[0]); put(channel.wrap(bytes, O, (short) 7)); break;
        case 0x22: channel.decryptData(bytes, O, (short) 16); break;
        case 0x23: channel.encryptData(bytes, O, (short) 16); break;
        case 0x24: channel.processSecurity(apdu); break;
        case 0x25: channel.processSecurity(null); break;
        case 0x26: channel.unwrap(bytes, O, (short) 3); break;
        case 0x27: channel.wrap(bytes, O, (short) 1); break;
        case 0x28: channel.unwrap(null, O, (short) 5); break;
        case 0x29: bytes[4] = 9; channel.unwrap(bytes, O, (short) 7); break;

        case 0x30: put(OPSystem.getCardManagerState()); put(OPSystem.setCardContentState((byte) 0x17)); put(OPSystem.getCardContentState()); put(OPSystem.setCardContentState((byte) 0x07)); break;
        case 0x31: put(OPSystem.lockCardManager()); put(OPSystem.terminateCardManager()); put(OPSystem.setATRHistBytes(bytes, O, (byte) 4)); break;
        case 0x32: put(org.globalplatform.upgrade.UpgradeManager.isUpgrading()); break;
        case 0x40: put(entry.setState(GPSystem.APPLICATION_LOCKED)); put(entry.getState()); put(entry.setState((byte) 0x07)); break;
        default: ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
    }

    /** Commands of the secure channel, and those that come through it: INS 20 gives the data back with the level. */
    protected boolean special(APDU apdu) {
        byte[] b = apdu.getBuffer();
        byte ins = b[ISO7816.OFFSET_INS];
        SecureChannel channel = GPSystem.getSecureChannel();
        if (ins == 0x50 || ins == (byte) 0x82) {
            short n = channel.processSecurity(apdu);
            if (n > 0) apdu.setOutgoingAndSend(ISO7816.OFFSET_CDATA, n);
            return true;
        }
        if (ins == 1) return false;
        short n = apdu.setIncomingAndReceive();
        n = (short) (channel.unwrap(b, O, (short) (5 + n)) - 5);
        if (ins == 0x21) n = channel.decryptData(b, (short) 5, n);
        if (ins == 0x22) n = channel.encryptData(b, (short) 5, n);
        if (ins == 0x23) { channel.resetSecurity(); n = 0; }
        b[(short) (5 + n)] = channel.getSecurityLevel();
        b[(short) (6 + n)] = b[ISO7816.OFFSET_CLA];
        Util.setShort(b, (short) (7 + n), ISO7816.SW_NO_ERROR);
        n = channel.wrap(b, (short) 5, (short) (n + 4));
        apdu.setOutgoingAndSend((short) 5, n);
        return true;
    }
}
