import java.io.*;
import java.util.*;

/** What a JVM makes of the cases of arithmetic and of branches on numbers; "-" for all others. */
class Jvm {
    public static void main(String[] none) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] columns = line.split("\\|", -1);
            String result;
            try {
                result = run(columns[0].trim(), columns[1].trim(), columns[2].trim());
            } catch (ArithmeticException e) {
                result = "throws ArithmeticException";
            }
            System.out.println(result == null ? "-" : result);
        }
    }

    /** The arguments as words: an int takes two. */
    static List<Integer> words(String arguments) {
        List<Integer> words = new ArrayList<>();
        for (String argument : arguments.split(" +")) {
            if (argument.isEmpty()) {
                continue;
            }
            if (argument.endsWith("i")) {
                words.add(Integer.parseInt(argument.substring(0, argument.length() - 1)));
                words.add(null);
            } else if (argument.equals("null")) {
                return null;
            } else {
                words.add(Integer.parseInt(argument));
            }
        }
        return words;
    }

    static String run(String opcode, String arguments, String code) {
        List<Integer> locals = words(arguments);
        if (locals == null) {
            return null;
        }
        Deque<Integer> stack = new ArrayDeque<>();
        String[] instructions = code.split("; *");
        int at = 0;
        boolean onInts = opcode.startsWith("i") && !opcode.startsWith("if");
        while (at < instructions.length && instructions[at].matches(onInts ? "iload_[0-3]" : "sload_[0-3]")) {
            int local = instructions[at].charAt(6) - '0';
            if (local >= locals.size() || locals.get(local) == null) {
                return null;
            }
            stack.push(locals.get(local));
            at++;
        }
        if (at == instructions.length) {
            return null;
        }
        String[] operation = instructions[at].split(" +");
        if (!operation[0].equals(opcode)) {
            return null;
        }
        String rest = String.join("; ", Arrays.copyOfRange(instructions, at + 1, instructions.length));
        if (opcode.matches("[si]inc(_w)?")) {
            boolean wide = opcode.startsWith("i");
            if (at != 0 || (locals.size() > 1 && locals.get(1) == null) != wide || !operation[1].equals("0") || !rest.equals(wide ? "iload_0; ireturn" : "sload_0; sreturn")) {
                return null;
            }
            int by = Integer.parseInt(operation[2]);
            if (wide) {
                return (locals.get(0) + by) + "i";
            }
            short variable = (short) (int) locals.get(0);
            variable += by;
            return "" + variable;
        }
        if (opcode.startsWith("if")) {
            if (!rest.equals("sconst_0; sreturn; yes: sconst_1; sreturn") || stack.size() != (opcode.startsWith("if_scmp") ? 2 : 1)) {
                return null;
            }
            int b = opcode.startsWith("if_scmp") ? stack.pop() : 0;
            Boolean taken = branch(opcode.replace("_w", "").replace("if_scmp", "").replace("if", ""), (short) (int) stack.pop(), (short) b);
            return taken == null ? null : taken ? "1" : "0";
        }
        int count = stack.size();
        Integer right = stack.isEmpty() ? null : stack.pop();
        Integer left = stack.isEmpty() ? right : stack.pop();
        if (right == null) {
            return null;
        }
        if (rest.equals("sreturn")) {
            Short result = count == 2
                ? (opcode.equals("icmp") ? (Short) (short) Integer.compare(left, right) : shorts(opcode, (short) (int) left, (short) (int) right))
                : narrow(opcode, right);
            return result == null ? null : "" + result;
        }
        if (rest.equals("ireturn")) {
            Integer result = count == 2 ? ints(opcode, left, right) : wide(opcode, right);
            return result == null ? null : result + "i";
        }
        return null;
    }

    static Boolean branch(String condition, short a, short b) {
        switch (condition) {
        case "eq": return a == b;
        case "ne": return a != b;
        case "lt": return a < b;
        case "ge": return a >= b;
        case "gt": return a > b;
        case "le": return a <= b;
        default: return null;
        }
    }

    static Short shorts(String opcode, short a, short b) {
        switch (opcode) {
        case "sadd": return (short) (a + b);
        case "ssub": return (short) (a - b);
        case "smul": return (short) (a * b);
        case "sdiv": return (short) (a / b);
        case "srem": return (short) (a % b);
        case "sshl": return (short) (a << b);
        case "sshr": return (short) (a >> b);
        case "sushr": return (short) (a >>> b);
        case "sand": return (short) (a & b);
        case "sor": return (short) (a | b);
        case "sxor": return (short) (a ^ b);
        default: return null;
        }
    }

    static Integer ints(String opcode, int a, int b) {
        switch (opcode) {
        case "iadd": return a + b;
        case "isub": return a - b;
        case "imul": return a * b;
        case "idiv": return a / b;
        case "irem": return a % b;
        case "ishl": return a << b;
        case "ishr": return a >> b;
        case "iushr": return a >>> b;
        case "iand": return a & b;
        case "ior": return a | b;
        case "ixor": return a ^ b;
        default: return null;
        }
    }

    static Short narrow(String opcode, int a) {
        switch (opcode) {
        case "sneg": return (short) -(short) a;
        case "s2b": return (short) (byte) (short) a;
        case "i2b": return (short) (byte) a;
        case "i2s": return (short) a;
        default: return null;
        }
    }

    static Integer wide(String opcode, int a) {
        switch (opcode) {
        case "ineg": return -a;
        case "s2i": return (int) (short) a;
        default: return null;
        }
    }
}
