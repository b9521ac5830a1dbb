package io.budgetauthority.local;

import java.io.IOException;

/// Puts Dynoxide into the user's cache and starts nothing. An image that was built with it starts
/// without a network.
public final class InstallDynoxide {

  private InstallDynoxide() {}

  /// The program has no arguments.
  public static void main(String[] args) throws IOException, InterruptedException {
    try {
      var unused = DynoxideProgram.find();
    } catch (LocalCloudUnavailable e) {
      System.err.println(e.getMessage());
      System.exit(1);
    }
  }
}
