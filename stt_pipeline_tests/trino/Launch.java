/** Starts the server of trino-main; the class that does so in Trino's own archive is not in a jar. */
public class Launch {
    public static void main(String[] arguments) {
        new io.trino.server.Server().start(arguments[0]);
    }
}
