package io.budgetauthority.tenant;

import java.util.HashMap;
import java.util.Map;

/// All ceilings of one scope id, by window, and its rates. The version counts changes, including
/// deletions, and never restarts. So an account can tell from which state of the ceilings its limit
/// came (ledger.md#versions).
public record CeilingSet(Map<CeilingWindow, Ceiling> byWindow, long version) {

  public static final CeilingSet EMPTY = new CeilingSet(Map.of(), 0);

  public CeilingSet {
    byWindow = Map.copyOf(byWindow);
  }

  public CeilingSet with(CeilingWindow window, Ceiling ceiling) {
    Map<CeilingWindow, Ceiling> changed = new HashMap<>(byWindow);
    changed.put(window, ceiling);
    return new CeilingSet(changed, version + 1);
  }

  public CeilingSet without(CeilingWindow window) {
    Map<CeilingWindow, Ceiling> changed = new HashMap<>(byWindow);
    changed.remove(window);
    return new CeilingSet(changed, version + 1);
  }
}
