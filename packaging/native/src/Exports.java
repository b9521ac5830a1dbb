import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.util.Set;
import java.util.TreeSet;

/// Prints an argument file that opens every package of the JDK's modules to the builder's.
/// GraalVM's own launcher names some of them.
public class Exports {

  private static final String BUILDER =
      "org.graalvm.nativeimage.builder,org.graalvm.nativeimage.base,"
          + "org.graalvm.nativeimage.pointsto,org.graalvm.nativeimage.objectfile,"
          + "org.graalvm.nativeimage.configure,org.graalvm.nativeimage,org.graalvm.word,"
          + "jdk.graal.compiler,org.graalvm.truffle.compiler";

  /// Modules that the builder brings itself, or that are not resolved.
  private static final Set<String> LEFT_OUT =
      Set.of(
          "jdk.graal.compiler",
          "jdk.graal.compiler.management",
          "jdk.hotspot.agent",
          "jdk.jcmd",
          "jdk.incubator.vector");

  public static void main(String[] arguments) {
    for (ModuleReference reference : ModuleFinder.ofSystem().findAll()) {
      ModuleDescriptor module = reference.descriptor();
      if (!LEFT_OUT.contains(module.name()) && !module.isOpen()) {
        for (String name : new TreeSet<>(module.packages())) {
          System.out.println("--add-exports=" + module.name() + "/" + name + "=" + BUILDER);
          System.out.println("--add-opens=" + module.name() + "/" + name + "=" + BUILDER);
        }
      }
    }
  }
}
