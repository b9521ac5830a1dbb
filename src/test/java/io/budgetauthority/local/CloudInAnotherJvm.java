package io.budgetauthority.local;

import java.io.IOException;
import java.nio.file.Path;

/// A process that starts a local cloud on the folder it is given, says which process its Dynoxide
/// is and where its temporary folder would be, and then waits to be killed.
final class CloudInAnotherJvm {

  private CloudInAnotherJvm() {}

  public static void main(String[] args) throws IOException {
    LocalSettings settings =
        args[0].equals("memory") ? LocalSettings.inMemory() : LocalSettings.in(Path.of(args[0]));
    try (LocalCloud _ = LocalCloud.start(settings)) {
      System.out.println("dynoxide " + Processes.dynoxide(ProcessHandle.current()).pid());
      while (System.in.read() >= 0) {
        // Until the test closes the pipe or ends this process.
      }
    }
  }
}
