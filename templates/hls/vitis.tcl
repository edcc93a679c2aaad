# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# <{ model }> through Vitis HLS, written by synfire <{ version }>.
#
#   vitis_hls -f vitis.tcl            C simulation of an inference of zeros, synthesis, an IP core
#   vitis_hls -f vitis.tcl cosim      also the synthesised core against the C++
#
# Synfire itself runs the C simulation alone, with a plain C++ compiler (`synfire verify --hls`).
set part xc7a35ticsg324-1L
set period_ns 10

set here [file normalize [file dirname [info script]]]
set stimulus [file join $here zeros.bin]
set f [open $stimulus wb]
puts -nonewline $f [string repeat "\0" <{ input_bytes }>]
close $f

open_project -reset [file join $here vitis]
set_top synfire
add_files [file join $here synfire.cpp] -cflags "-I$here -std=c++14"
add_files -tb [file join $here tb.cpp] -cflags "-I$here -std=c++14"
open_solution -reset solution -flow_target vivado
set_part $part
create_clock -period $period_ns
csim_design -argv "$stimulus [file join $here result.bin]"
csynth_design
if {"cosim" in $argv} {
  cosim_design -argv "$stimulus [file join $here result.bin]"
}
export_design -format ip_catalog
