package lab.service;

import javacard.framework.*;
import javacard.framework.service.*;
import lab.cases.Cases;

/** javacard.framework.service: a dispatcher and its services; INS says which of them do what. */
public class Services extends Cases {
    /** Turns the bits of the data. */
    static class Input extends BasicService {
        public boolean processDataIn(APDU apdu) {
            if (getINS(apdu) == 0x16) return false;
            short n = receiveInData(apdu);
            byte[] b = apdu.getBuffer();
            for (short i = 0; i < n; i++) b[(short) (5 + i)] ^= F;
            return false;
        }
    }

    /** Sums the data. */
    static class Command extends BasicService {
        public boolean processCommand(APDU apdu) {
            switch (getINS(apdu)) {
            case 0x10: {
                byte p1 = getP1(apdu), p2 = getP2(apdu);
                short n = receiveInData(apdu), sum = 0;
                byte[] b = apdu.getBuffer();
                for (short i = 0; i < n; i++) sum += (short) (b[(short) (5 + i)] & 0xFF);
                Util.setShort(b, (short) 5, sum);
                b[7] = p1; b[8] = p2; b[9] = getCLA(apdu);
                succeed(apdu);
                setOutputLength(apdu, (short) 5);
                return true; }
            case 0x11: return fail(apdu, (short) 0x6A88);
            case 0x12: succeedWithStatusWord(apdu, (short) 0x6310); setOutputLength(apdu, O); return true;
            case 0x13: ISOException.throwIt((short) 0x6A99);
            case 0x14: setProcessed(apdu); setStatusWord(apdu, (short) 0x9000); setOutputLength(apdu, (short) 256); for (short i = 0; i < 256; i++) apdu.getBuffer()[(short) (5 + i)] = (byte) i; return false;
            // Not looked at by any service.
            default: return false;
            }
        }
    }

    /** Adds a byte to the output. */
    static class Output extends BasicService {
        public boolean processDataOut(APDU apdu) {
            short n = getOutputLength(apdu);
            if (n == 256) return true;
            apdu.getBuffer()[(short) (5 + n)] = (byte) (getStatusWord(apdu) >> 8);
            setOutputLength(apdu, (short) (n + 1));
            return true;
        }
    }

    /** Does nothing of its own. */
    static class Plain extends BasicService { }

    final Dispatcher dispatcher = new Dispatcher((short) 4);
    final Plain plain = new Plain();
    final Command command = new Command();
    final BasicService base = new BasicService();

    public static void install(byte[] b, short o, byte l) {
        Services applet = new Services();
        applet.dispatcher.addService(new Input(), Dispatcher.PROCESS_INPUT_DATA);
        applet.dispatcher.addService(applet.plain, Dispatcher.PROCESS_COMMAND);
        applet.dispatcher.addService(applet.command, Dispatcher.PROCESS_COMMAND);
        applet.dispatcher.addService(new Output(), Dispatcher.PROCESS_OUTPUT_DATA);
        applet.register();
    }

    protected boolean special(APDU apdu) {
        byte ins = apdu.getBuffer()[ISO7816.OFFSET_INS];
        if (ins == 1) return false;
        if (ins == 0x15) { Exception e = dispatcher.dispatch(apdu, Dispatcher.PROCESS_COMMAND); ISOException.throwIt((short) (e == null ? 0x6A15 : 0x6A16)); }
        if (ins == 0x13 && apdu.getBuffer()[ISO7816.OFFSET_P1] == 1) { Exception e = dispatcher.dispatch(apdu, Dispatcher.PROCESS_INPUT_DATA); ISOException.throwIt((short) (((ISOException) e).getReason() + 1)); }
        if (ins == 0x10 && apdu.getBuffer()[ISO7816.OFFSET_P1] == 9) dispatcher.dispatch(apdu, Dispatcher.PROCESS_COMMAND);
        dispatcher.process(apdu);
        return true;
    }

    protected void run(byte which, APDU apdu) {
        byte[] b = apdu.getBuffer();
        switch (which) {
        case 0x00: new Dispatcher((short) -1); break;
        case 0x01: dispatcher.addService(null, Dispatcher.PROCESS_COMMAND); break;
        case 0x02: dispatcher.addService(plain, Dispatcher.PROCESS_NONE); break;
        case 0x03: dispatcher.addService(plain, Dispatcher.PROCESS_COMMAND); put((byte) 1); break;
        case 0x04: dispatcher.addService(plain, Dispatcher.PROCESS_INPUT_DATA); break;
        case 0x05: dispatcher.removeService(null, Dispatcher.PROCESS_COMMAND); break;
        case 0x06: dispatcher.removeService(plain, (byte) 4); break;
        case 0x07: dispatcher.removeService(plain, Dispatcher.PROCESS_OUTPUT_DATA); dispatcher.removeService(plain, Dispatcher.PROCESS_COMMAND); dispatcher.addService(plain, Dispatcher.PROCESS_OUTPUT_DATA); put((byte) 1); break;
        case 0x08: dispatcher.dispatch(apdu, Dispatcher.PROCESS_NONE); break;
        case 0x09: dispatcher.dispatch(apdu, (byte) 4); break;
        case 0x0A: put(dispatcher.dispatch(apdu, Dispatcher.PROCESS_OUTPUT_DATA) == null); break;
        case 0x0B: dispatcher.dispatch(null, Dispatcher.PROCESS_COMMAND); break;
        case 0x0C: dispatcher.process(null); break;
        case 0x0D: JCSystem.beginTransaction(); dispatcher.removeService(command, Dispatcher.PROCESS_COMMAND); JCSystem.abortTransaction(); put((byte) 1); break;

        case 0x10: put(base.processDataIn(apdu)); put(base.processCommand(apdu)); put(base.processDataOut(apdu)); put(base.selectingApplet()); put(base.isProcessed(apdu)); break;
        case 0x11: put(base.getCLA(apdu)); put(base.getINS(apdu)); put(base.getP1(apdu)); put(base.getP2(apdu)); break;
        case 0x12: put(base.receiveInData(apdu)); put(base.receiveInData(apdu)); put(b, (short) 5, (short) 2); put(base.getP1(apdu)); break;
        case 0x13: base.getOutputLength(apdu); break;
        case 0x14: base.getStatusWord(apdu); break;
        case 0x15: base.setOutputLength(apdu, (short) 257); break;
        case 0x16: base.setOutputLength(apdu, (short) -1); break;
        case 0x17: base.receiveInData(null); break;
        case 0x18: base.setStatusWord(null, O); break;
        case 0x19: base.isProcessed(null); break;
        case 0x1A: refused(apdu, (byte) 0); break;
        case 0x1B: refused(apdu, (byte) 1); break;
        case 0x1C: refused(apdu, (byte) 2); break;
        case 0x1D: { base.setProcessed(apdu); base.setProcessed(apdu); base.setStatusWord(apdu, (short) 0x1234); base.setOutputLength(apdu, (short) 256);
            short n = base.getOutputLength(apdu), s = base.getStatusWord(apdu); boolean p = base.isProcessed(apdu); Util.setShort(b, O, n); Util.setShort(b, (short) 2, s); b[4] = (byte) (p ? 1 : 0);
            apdu.setOutgoingLength((short) 5); apdu.sendBytes(O, (short) 5); break; }
        case 0x20: ServiceException.throwIt(ServiceException.REMOTE_OBJECT_NOT_EXPORTED); break;
        case 0x21: throw new ServiceException(ServiceException.COMMAND_IS_FINISHED);
        default: ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
    }

    /** What is refused once the command is processed: the reason, as answer. */
    void refused(APDU apdu, byte which) {
        base.setProcessed(apdu);
        short reason = 0;
        try {
            if (which == 0) base.receiveInData(apdu);
            if (which == 1) base.getP1(apdu);
            if (which == 2) base.getP2(apdu);
        } catch (ServiceException e) { reason = e.getReason(); }
        apdu.getBuffer()[0] = (byte) reason;
        apdu.setOutgoingLength((short) 1);
        apdu.sendBytes(O, (short) 1);
    }
}
