# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# <{ model }> on <{ target }>, written by synfire <{ version }>: from the Verilog beside this file to
# <{ bitstream }>, by Vivado without a project.
#
#   vivado -mode batch -nojournal -nolog -source build.tcl
#
# NOT RUN WITH VIVADO: this script follows Vivado's documentation (UG835, UG894), and nobody has run
# it yet. It ends with an error if a path is too slow; then there is no bitstream.

set here [file dirname [file normalize [info script]]]
set work [file join $here flow]
file mkdir $work
cd $work
# What was made before does not count.
file delete -force <{ report }> [file join $here <{ bitstream }>]

# Contents of memories are looked for where the tool runs.
set memories {
<%- for name in memories %>
  <{ name }>
<%- endfor %>
}
foreach name $memories {
  file copy -force [file join $here rtl $name] $name
}

set sources {
<%- for name in sources %>
  <{ name }>
<%- endfor %>
}
foreach name $sources {
  read_verilog [file join $here rtl $name]
}
read_xdc [file join $here <{ constraints }>]

synth_design -top top -part <{ part }> -flatten_hierarchy rebuilt
opt_design
place_design
phys_opt_design
route_design

report_timing_summary -file timing.rpt
report_utilization -file utilization.rpt
report_drc -file drc.rpt

proc worst {kind} {
  return [get_property SLACK [lindex [get_timing_paths $kind -max_paths 1 -nworst 1] 0]]
}
proc cells {kind} {
  return [llength [get_cells -quiet -hierarchical -filter "REF_NAME =~ $kind"]]
}
set setup [worst -setup]
set hold [worst -hold]

set report [open <{ report }> w]
puts $report "{"
puts $report "  \"period_ns\": <{ period }>,"
puts $report "  \"setup_ns\": $setup,"
puts $report "  \"hold_ns\": $hold,"
puts $report "  \"lut\": [cells LUT*],"
puts $report "  \"ff\": [cells FD*],"
puts $report "  \"ramb18\": [cells RAMB18*],"
puts $report "  \"ramb36\": [cells RAMB36*]"
puts $report "}"
close $report

if {$setup < 0 || $hold < 0} {
  error "timing is not met: slack $setup ns before and $hold ns after the clock's edge; timing.rpt has the paths"
}
write_bitstream -force [file join $here <{ bitstream }>]
