package lab.refused;

import javacard.framework.*;
import javacard.framework.service.*;
import javacardx.biometry.*;
import javacardx.biometry1toN.*;
import javacardx.external.*;
import javacardx.framework.event.EventRegistry;
import javacardx.framework.nio.*;
import javacardx.framework.string.*;
import javacardx.framework.time.*;
import javacardx.framework.util.intx.JCint;
import javacardx.security.cert.*;
import javacardx.security.derivation.DerivationFunction;
import javacardx.security.util.MonotonicCounter;
import lab.cases.Cases;
import org.globalplatform.GPSystem;
import visa.openplatform.OPSystem;

/** What links and is refused, and the exceptions of those packages, which are classes like any other. */
public class Refused extends Cases {
    final byte[] bytes = new byte[8];

    public static void install(byte[] b, short o, byte l) { new Refused().register(); }

    protected void run(byte which, APDU apdu) throws CardException, Throwable {
        byte kind = 0;
        short reason = 0;
        try {
            step(which);
        } catch (BioException e) { kind = 1; reason = e.getReason(); }
        catch (Bio1toNException e) { kind = 2; reason = e.getReason(); }
        catch (ExternalException e) { kind = 3; reason = e.getReason(); }
        catch (CertificateException e) { kind = 4; reason = e.getReason(); }
        catch (StringException e) { kind = 5; reason = e.getReason(); }
        catch (DateTimeException e) { kind = 6; reason = e.getReason(); }
        catch (BufferOverflowException e) { kind = 7; }
        catch (BufferUnderflowException e) { kind = 8; }
        catch (ReadOnlyBufferException e) { kind = 9; }
        put(kind);
        put(reason);
    }

    void step(byte which) throws Throwable {
        switch (which) {
        case 0x00: BioBuilder.buildBioTemplate((byte) 1, (byte) 3); break;
        case 0x01: Bio1toNBuilder.buildBioMatcher((short) 1, (byte) 1, (byte) 3); break;
        case 0x02: Memory.getMemoryAccessInstance((byte) 1, null, O); break;
        case 0x03: CertificateParser.getInstance((short) 1); break;
        case 0x04: DerivationFunction.getInstance((short) 1, false); break;
        case 0x05: MonotonicCounter.getInstance((short) 4, JCSystem.MEMORY_TYPE_PERSISTENT); break;
        case 0x06: StringUtil.check(bytes, O, (short) 8); break;
        case 0x07: TimeDuration.getInstance(JCSystem.MEMORY_TYPE_PERSISTENT); break;
        case 0x08: SysTime.uptime(null); break;
        case 0x09: ByteBuffer.wrap(bytes); break;
        case 0x0A: EventRegistry.getEventRegistry(null); break;
        case 0x0B: JCSystem.makeByteArrayView(bytes, O, (short) 4, JCSystem.ATTR_READABLE_VIEW, null); break;
        case 0x0C: JCint.makeIntArrayView(null, O, (short) 4, JCSystem.ATTR_READABLE_VIEW, null); break;
        case 0x0D: Resources.getResources(); break;
        case 0x0E: new RMIService(null); break;
        case 0x0F: CardRemoteObject.export(null); break;
        case 0x10: new CardRemoteObject(); break;
        case 0x11: GPSystem.getRegistryEntry(null).registerService((short) 0x8211); break;
        case 0x12: OPSystem.getSecurityDomain(); break;

        case 0x20: BioException.throwIt(BioException.INVALID_DATA); break;
        case 0x21: throw new BioException(BioException.ILLEGAL_USE);
        case 0x22: Bio1toNException.throwIt(Bio1toNException.MISMATCHED_BIO_TYPE); break;
        case 0x23: throw new Bio1toNException(Bio1toNException.ILLEGAL_VALUE);
        case 0x24: ExternalException.throwIt(ExternalException.INTERNAL_ERROR); break;
        case 0x25: throw new ExternalException(ExternalException.INVALID_PARAM);
        case 0x26: CertificateException.throwIt(CertificateException.MISSING_DATA); break;
        case 0x27: throw new CertificateException(CertificateException.INVALID_ENCODING);
        case 0x28: StringException.throwIt(StringException.ILLEGAL_NUMBER_FORMAT); break;
        case 0x29: throw new StringException(StringException.UNSUPPORTED_ENCODING);
        case 0x2A: DateTimeException.throwIt(DateTimeException.INVALID_UNIT); break;
        case 0x2B: throw new DateTimeException(DateTimeException.INVALID_VALUE);
        case 0x2C: throw new BufferOverflowException();
        case 0x2D: throw new BufferUnderflowException();
        case 0x2E: throw new ReadOnlyBufferException();
        default: ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
    }
}
