package run;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;

/** Prints what the JVM answers: class, method, descriptor, arguments, then the result or the exception's class. */
public class Main {
    static final int[] BYTES = {0, 1, -1, 2, 7, 127, -128, 85};
    static final int[] SHORTS = {0, 1, -1, 3, 255, 256, -129, 32767, -32768, 21845};
    static final int[] INTS = {0, 1, -1, 31, 65536, 70000, -32769, 0x7FFFFFFF, 0x80000000, 0x55AA1234};
    static final int[] FEW = {0, 1, -1, 127, -128};
    static final int[] FEW_SHORTS = {0, 1, -1, 300, 32767, -32768};

    public static void main(String[] names) throws Exception {
        StringBuilder out = new StringBuilder();
        for (String name : names) {
            for (Method m : Class.forName(name).getDeclaredMethods()) {
                if (Modifier.isPublic(m.getModifiers()) && Modifier.isStatic(m.getModifiers())) run(m, out);
            }
        }
        System.out.print(out);
    }

    static void run(Method m, StringBuilder out) throws Exception {
        Class<?>[] types = m.getParameterTypes();
        int[][] values = new int[types.length][];
        for (int i = 0; i < types.length; i++) values[i] = edges(types[i], types.length > 2);
        int[] at = new int[types.length];
        while (true) {
            Object[] arguments = new Object[types.length];
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < types.length; i++) {
                int v = values[i][at[i]];
                arguments[i] = box(types[i], v);
                text.append(i == 0 ? "" : ",").append(letter(types[i])).append(v);
            }
            String result;
            try {
                Object r = m.invoke(null, arguments);
                result = r instanceof Boolean ? ((Boolean) r ? "1" : "0") : r.toString();
            } catch (InvocationTargetException e) {
                result = e.getCause().getClass().getName();
            }
            out.append(m.getDeclaringClass().getName()).append(' ').append(m.getName()).append(' ').append(text).append(' ').append(letter(m.getReturnType())).append(result).append('\n');
            int i = 0;
            while (i < at.length && ++at[i] == values[i].length) at[i++] = 0;
            if (i == at.length) return;
        }
    }

    static int[] edges(Class<?> t, boolean many) {
        if (t == boolean.class) return new int[] {0, 1};
        if (t == byte.class) return many ? FEW : BYTES;
        if (t == short.class) return many ? FEW_SHORTS : SHORTS;
        return INTS;
    }

    static Object box(Class<?> t, int v) {
        if (t == boolean.class) return v != 0;
        if (t == byte.class) return (byte) v;
        if (t == short.class) return (short) v;
        return v;
    }

    static char letter(Class<?> t) { return t == boolean.class ? 'Z' : t == byte.class ? 'B' : t == short.class ? 'S' : 'I'; }
}
